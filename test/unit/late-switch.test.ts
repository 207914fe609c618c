import { expect } from 'chai';
import type { DeleteOptions, PutOptions } from '../../services/registry/storage/object-store.ts';
import { readNotice, writeNotice } from '../../services/registry/storage/read-only.ts';
import { rejection } from '../contract/area.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NOTICE = { since: '2024-05-05T05:05:05Z', by: 'a test', reason: 'backup' };

/** Late, the switch that was thrown first would undo the one that was thrown after it. */
describe('the switch of writes, without an answer of the store', () => {
  for (const [what, notice] of [
    ['off', NOTICE],
    ['on', undefined],
  ] as const)
    it(`is asked to switch writes ${what} once, and says that it may still happen`, async () => {
      const objects = new MemoryStore();
      if (notice === undefined) await writeNotice(objects, NOTICE);
      let attempts = 0;
      const retrying = intercepted(objects, ({ args, proceed }) => {
        const { fence } = (args[2] as PutOptions | DeleteOptions | undefined) ?? {};
        attempts++;
        fence?.doubt();
        fence?.check();
        attempts++;
        return proceed();
      });
      const error = await rejection(writeNotice(retrying, notice));
      expect(error).to.have.property('message').that.includes(`may be switched ${what} within 60 s`);
      expect(attempts).to.equal(1);
      expect((await readNotice(objects)) === undefined).to.equal(notice !== undefined);
    });
});
