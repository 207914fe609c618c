import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { directoryWork } from '../../services/sync/targets/directory-work.ts';
import { tempDir } from '../support/temp.ts';

describe("work in a mirror's directory", () => {
  it('leaves nothing of a write that is aborted while its file is being opened', async () => {
    await using root = await tempDir('mirror');
    const work = directoryWork();
    const temporary = join(root.path, '.incoming', 'blob');
    const begun = work({ kind: 'begin', id: 1, path: join(root.path, 'blob'), temporary }, () => undefined);
    await work({ kind: 'abort', id: 1 }, () => undefined);
    await begun;
    expect(await readdir(join(root.path, '.incoming'))).to.deep.equal([]);
    const late = await work({ kind: 'chunk', id: 1, bytes: Buffer.from('late') }, () => undefined).catch(
      String,
    );
    expect(late).to.equal('Error: nothing is being written');
  });
});
