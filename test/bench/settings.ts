import { parseArgs } from 'node:util';

/** What can be measured, in the order it is. */
export const CASE_IDS = [
  'manifest-by-tag',
  'manifest-by-digest',
  'blob-redirect',
  'small-blob',
  'large-blob',
  'push',
  'changes',
  'pieces',
  'pieces-s3',
  'logins',
  'tags',
  'tags-s3',
  'tags-swift',
] as const;

export type CaseId = (typeof CASE_IDS)[number];

/** What the person running the benchmark asked for. */
export interface Settings {
  /** How long each server is under load, each time. */
  readonly seconds: number;
  /** How often each server is measured; the report gives medians. */
  readonly rounds: number;
  readonly cases: ReadonlySet<CaseId>;
}

export const USAGE = `npm run bench -- [--seconds 2] [--rounds 3] [--only CASE]…
cases: ${CASE_IDS.join(', ')}`;

/** A command line that cannot be followed; the message says why. */
export class UsageError extends Error {}

/** Reads the command line; undefined when it asks for help. */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  return {
    seconds: wholeNumber('seconds', values.seconds),
    rounds: wholeNumber('rounds', values.rounds),
    cases: new Set(values.only?.map(caseId) ?? CASE_IDS),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '2' },
        rounds: { type: 'string', default: '3' },
        only: { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function caseId(text: string): CaseId {
  const found = CASE_IDS.find((id) => id === text);
  if (found === undefined) throw new UsageError(`--only ${text}: there is no such case\n${USAGE}`);
  return found;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`--${name} ${text}: expected 1 or more\n${USAGE}`);
  return Number(text);
}
