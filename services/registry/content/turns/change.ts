import { z } from 'zod';
import type { Digest, Sha256Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/names.ts';

const GONE = 'gone';
const LINKED = 'linked';
const ALL = '*';

const ChangeSchema = z.object({ of: z.string(), to: z.string() });

/** What a turn makes of a tag, a manifest or a blob of its repository. */
export type Change = Readonly<z.infer<typeof ChangeSchema>>;

export const ChangesSchema = z.array(ChangeSchema);

/** A tag is moved to a manifest, or deleted. */
export function tagChange(tag: Tag, to: Sha256Digest | undefined): Change {
  return { of: `tag ${tag}`, to: to ?? GONE };
}

/** The repository gets a manifest, or loses it. */
export function manifestChange(digest: Sha256Digest, to: 'linked' | 'gone'): Change {
  return { of: `manifest ${digest}`, to };
}

/** The repository gets a blob, or loses it. */
export function blobChange(digest: Digest, to: 'linked' | 'gone'): Change {
  return { of: `blob ${digest}`, to };
}

/** Of a turn that cannot be read: it may change anything. */
export const ANY_CHANGE: Change = { of: ALL, to: ALL };

/** Whether a write of the one that comes late would undo the other. */
export function areAtOdds(some: readonly Change[], others: readonly Change[]): boolean {
  const wanted = new Map(some.map(({ of, to }) => [of, to]));
  return others.some(({ of, to }) =>
    of === ALL ? wanted.size > 0 : wanted.has(of) && wanted.get(of) !== to,
  );
}

/** Changes that come one after the other, to compare the next ones with: a line may be long. */
export class EarlierChanges {
  readonly #wanted = new Map<string, string>();

  add(changes: readonly Change[]): void {
    for (const { of, to } of changes) this.#wanted.set(of, to);
  }

  /** Whether others can be made at the same time: they have nothing in common but content that both link. */
  areApartFrom(others: readonly Change[]): boolean {
    return others.every(
      ({ of, to }) => of !== ALL && (!this.#wanted.has(of) || (to === LINKED && this.#wanted.get(of) === to)),
    );
  }
}

/** A turn that changes more says that it changes anything: its object stays small. */
const CHANGES_MAX = 2000;

/** The changes as a turn's record says them. */
export function recorded(changes: readonly Change[]): Change[] {
  if (changes.length > CHANGES_MAX) return [ANY_CHANGE];
  return [...new Map(changes.map((change) => [`${change.of} ${change.to}`, change])).values()];
}
