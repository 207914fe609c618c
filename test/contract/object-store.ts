/**
 * Promise: what `services/registry/object-store.ts` says in words, held in code for every driver. A driver joins with
 * a few lines: see `filesystem.test.ts`.
 */
import type { ObjectStore } from '../../services/registry/object-store.ts';
import { Area } from './area.ts';
import { describeComposing } from './composing.ts';
import { describeDeleting } from './deleting.ts';
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

/** The contract of an object store, as a suite. Opened once; each test works below a prefix of its own. */
export function describeObjectStore(name: string, open: () => Promise<OpenedStore>): void {
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

    const current = () => area;
    describeReading(current);
    describeSending(current);
    describeWriting(current);
    describeComposing(current);
    describeDeleting(current);
    describeListing(current);
    describeKeys(current);
    describeRacing(current);
    describeOutside(current);
  });
}
