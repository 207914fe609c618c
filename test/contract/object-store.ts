/**
 * Promise: what `services/registry/storage/object-store.ts` says in words, held in code for every driver. A driver joins with
 * a few lines: see `filesystem.test.ts`.
 */
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { Area } from './area.ts';
import { describeComposing } from './composing.ts';
import { describeDeleting } from './deleting.ts';
import { describeFencing } from './fencing.ts';
import { describeKeys } from './keys.ts';
import { describeListing } from './listing.ts';
import { describeOutside } from './outside.ts';
import { describeRacing } from './racing.ts';
import { describeReading } from './reading.ts';
import { describeSending } from './sending.ts';
import { describeWriting } from './writing.ts';

/** A store that holds nothing else; disposing it removes what the suite has written. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: ObjectStore;
}

type Part = (area: () => Area) => void;

const ALL: readonly Part[] = [
  describeReading,
  describeSending,
  describeWriting,
  describeComposing,
  describeDeleting,
  describeFencing,
  describeListing,
  describeKeys,
  describeRacing,
  describeOutside,
];

/**
 * The contract of an object store, as a suite; `parts` are those that a backend can keep, all unless given. Opened once;
 * each test works below a prefix of its own.
 */
export function describeObjectStore(
  name: string,
  open: () => Promise<OpenedStore>,
  parts: readonly Part[] = ALL,
): void {
  describe(`the object store ${name}`, () => {
    let opened: OpenedStore;
    let area: Area;
    before(async () => {
      opened = await open();
    });
    beforeEach(() => {
      area = new Area(opened.store);
    });
    after(() => opened[Symbol.asyncDispose]());

    for (const describePart of parts) describePart(() => area);
  });
}
