import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { filesOf } from '../house/source.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A call that makes or deletes objects, perhaps by number, or writes a link, which is one. */
const WRITE =
  /objects\s*\.(?:put|putIfAbsent|compose|grow|delete|removeLeftovers)\(|\.(?:putIfAbsent|overwrite|deleteBelow)\(|\bwriteLink\(/;
const NO_CALL = /^\s*(?:\/?\*|\/\/|export (?:async )?function)/;

/** Every line of the services that writes to the store, as `path:line`: found in the text, so a new one is found too. */
export function writePlaces(): string[] {
  return filesOf('services/**/*.ts')
    .filter((path) => !path.startsWith('services/stores/'))
    .flatMap((path) => {
      const lines = readFileSync(`${ROOT}${path}`, 'utf8').split('\n');
      return lines.flatMap((line, i) =>
        WRITE.test(line) && !NO_CALL.test(line) ? [`${path}:${i + 1}`] : [],
      );
    });
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

/** The text of a place's line, for people. */
export function textOfPlace(place: string): string {
  const [path = '', line] = place.split(':');
  return readFileSync(`${ROOT}${path}`, 'utf8').split('\n')[Number(line) - 1]?.trim() ?? '';
}
