/** Promise: what a caller looks at right before a call that changes something is true in the call's own turn. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { BoundedCalls } from '../../services/files/bounded-calls.ts';
import { guardedFs } from '../../services/files/guarded-fs.ts';
import { rejection } from '../contract/area.ts';
import { tempDir } from '../support/temp.ts';

describe('file system calls with a look before', () => {
  const options = { perPath: 1, deadlineMs: 60_000, error: (message: string) => new Error(message) };

  it('look when they get their place, and are not made if the look throws', async () => {
    await using home = await tempDir('guarded');
    const [from, to] = [join(home.path, 'from'), join(home.path, 'to')];
    await writeFile(from, 'content');
    const calls = new BoundedCalls({ ...options, atOnce: 1 });
    const { rename, unlink } = guardedFs(calls);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const first = calls.run({ name: 'stat', path: '/elsewhere', act: () => ended });
    let looks = 0;
    const tooLate = new Error('too late');
    const look = () => {
      looks++;
      throw tooLate;
    };
    const waiting = Promise.all([rejection(rename(from, to, look)), rejection(unlink(from, look))]);
    await Promise.resolve();
    expect(looks).to.equal(0);
    end();
    await first;
    expect(await waiting).to.deep.equal([tooLate, tooLate]);
    expect(looks).to.equal(2);
    expect([existsSync(from), existsSync(to)]).to.deep.equal([true, false]);
  });
});
