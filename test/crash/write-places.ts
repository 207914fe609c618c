import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesOf } from '../house/source.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A call that makes or deletes objects, perhaps by number, or writes a link, which is one. */
const WRITE =
  /objects\s*\.(?:put|putIfAbsent|compose|grow|delete|removeLeftovers)\(|\.(?:putIfAbsent|overwrite|deleteBelow)\(|\b(?:writeLink|deleteAll)\(/;
const NO_CALL = /^\s*(?:\/?\*|\/\/|export (?:async )?function)/;

/** Passes every call on to the store below it. */
const WRAPPER = 'services/registry/storage/measured.ts';

/** What a line that declares a function or a method of a class names it. */
const DECLARATION =
  /^(?:export )?(?:async )?function\*? (\w+)|^(?:export )?const (\w+) = |^ {2}(?:static |override |async )*\*?(#?\w+)(?:<.*>)?\([^;]*$/;

/** A line of the services that writes to the store. */
export interface WritePlace {
  /** `path:line`, as it is in the stacks of errors. */
  readonly place: string;
  /** The file, the function and the call, such as `upload-segments: mergeSegments compose`. */
  readonly operation: string;
}

/** Every line of the services that writes to the store: found in the text, so a new one is found too. */
export function writePlaces(): WritePlace[] {
  return filesOf('services/**/*.ts')
    .filter((path) => !path.startsWith('services/stores/') && path !== WRAPPER)
    .flatMap((path) => {
      const lines = readFileSync(`${ROOT}${path}`, 'utf8').split('\n');
      return lines.flatMap((line, i) => {
        const [call] = NO_CALL.test(line) ? [] : (WRITE.exec(line) ?? []);
        if (call === undefined) return [];
        const method = call.slice(call.lastIndexOf('.') + 1, -1);
        const operation = `${basename(path, '.ts')}: ${functionAt(lines, i)} ${method}`;
        return [{ place: `${path}:${i + 1}`, operation }];
      });
    });
}

/** The function or method that a line is in. */
function functionAt(lines: readonly string[], line: number): string {
  for (let i = line; i >= 0; i--) {
    const name = DECLARATION.exec(lines[i] ?? '')
      ?.slice(1)
      .find((each) => each !== undefined);
    if (name !== undefined) return name;
  }
  return '';
}

/** Notes the places from which writes came, by the stacks of those who made them. */
export class PlacesSeen {
  readonly #seen = new Set<string>();

  readonly note = (stack: string): void => {
    for (const [, path, line] of stack.matchAll(/(services\/[\w./-]+\.ts):(\d+):\d+/g))
      this.#seen.add(`${path}:${line}`);
  };

  /** Whether a write came from there. */
  has(place: string): boolean {
    return this.#seen.has(place);
  }
}
