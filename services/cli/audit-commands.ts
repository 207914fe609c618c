import { type Command, InvalidArgumentError } from 'commander';
import { millisecondsOf } from '../config/duration.ts';
import { sealerOf } from '../config/rules.ts';
import { PRUNE_MIN_AGE_MS } from '../registry/audit/prune.ts';
import type { Place } from '../registry/audit/record.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../registry/oci/repository-pattern.ts';
import { DEFAULT_CONFIG, wholeNumber } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Commands of the audit record. */
export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description('show who changed what, newest first; with --verify, check that the record is complete')
    .option(
      '--since <time>',
      'only entries from this time on: 2026-01-31, 2026-01-31T08:00:00Z, or 36h ago',
      moment,
    )
    .option('--until <time>', 'only entries up to this time', moment)
    .option(
      '--actor <name>',
      'only changes by this user or robot; local:NAME for users of the operating system',
    )
    .option(
      '--repository <pattern>',
      'only changes to these repositories, such as fedora/**',
      repositoryPattern,
    )
    .option('--limit <n>', 'show at most this many; 0 for all', wholeNumber, 100)
    .option('--json', 'print one line of JSON for each entry; with --verify, one object', false)
    .option(
      '--verify',
      'read the whole record and recompute its hash chain (exit code 2 if it is broken)',
      false,
    )
    .option(
      '--expect <seq:hash>',
      'with --verify: the record must contain this place, as a node logged it or --verify printed it; may be repeated',
      expectation,
    )
    .action(async (config: string, { verify, expect, ...query }) => {
      const { auditShowCommand, auditVerifyCommand } = await import('./commands/audit.ts');
      await withStore(config, 'only-read', (objects, settings) =>
        verify || expect
          ? auditVerifyCommand(objects, { sealer: sealerOf(settings), expect, json: query.json })
          : auditShowCommand(objects, query),
      );
    });
  audit
    .command('prune')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .requiredOption(
      '--before <time>',
      'delete entries older than this, at least a day ago; see docs/audit.md',
      oldMoment,
    )
    .description('delete the oldest records; an entry records this, and the remaining records still verify')
    .action(async (config: string, { before }: { before: Date }) => {
      const { auditPruneCommand } = await import('./commands/audit.ts');
      await withStore(config, 'write', (objects, settings, record) =>
        auditPruneCommand(objects, record, { before, sealer: sealerOf(settings) }),
      );
    });
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;
const DAYS = /^(\d{1,6})d$/;
const DAY_MS = 86_400_000;

function moment(text: string): Date {
  const days = DAYS.exec(text)?.[1];
  const agoMs = days === undefined ? millisecondsOf(text) : Number(days) * DAY_MS;
  if (agoMs !== undefined) return new Date(Date.now() - agoMs);
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError(
      'expected a day, a time with its zone (2026-01-31T08:00:00Z), or 90m, 1h30m, 36h, 7d ago',
    );
  return new Date(time);
}

function oldMoment(text: string): Date {
  const time = moment(text);
  if (Date.now() - time.getTime() < PRUNE_MIN_AGE_MS)
    throw new InvalidArgumentError('expected a time at least a day ago');
  return time;
}

function repositoryPattern(text: string): RepositoryPattern {
  const pattern = parseRepositoryPattern(text);
  if (pattern === undefined) throw new InvalidArgumentError('expected a name or a pattern such as fedora/**');
  return pattern;
}

function expectation(text: string, before: readonly Place[] = []): readonly Place[] {
  const [, seq, hash = ''] = /^([1-9]\d{0,11}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined)
    throw new InvalidArgumentError('expected a number and a hash, as nodes log them: 1234:9f86d0…');
  return [...before, { seq: Number(seq), hash }];
}
