import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DirectoryProcess } from '../../services/sync/targets/directory-process.ts';

/** Long enough for a process to start on a busy machine. */
const STARTED_WITHIN_MS = 8000;
const PATIENCE_MS = 1000;
/** A process that started with a long patience is looked at this often. */
const LOOK_MS = 1000;
/** Makes each sync of a file's data in the child take longer than the patience. */
const SLOW_SYNC = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs/promises';
  const handle = await fs.open('/dev/null');
  const proto = Object.getPrototypeOf(handle);
  await handle.close();
  proto.datasync = () => new Promise((resolve) => setTimeout(resolve, ${PATIENCE_MS + LOOK_MS + 500}));
`)}`;

describe('the process of a directory mirror', function () {
  this.timeout(60_000);

  it('is not ended when the disk takes longer than the patience to sync', async () => {
    const root = await mkdtemp(join(tmpdir(), 'slow-mirror-'));
    // Read at each request: the start of the process is not what this is about.
    const patience = { directory: root, patienceMs: STARTED_WITHIN_MS };
    await using mirror = new DirectoryProcess(patience);
    const options = ['--import', SLOW_SYNC];
    process.execArgv.push(...options);
    try {
      await mirror.ask({ kind: 'begin', id: 1, path: 'file', stem: 'file' });
      patience.patienceMs = PATIENCE_MS;
      await mirror.ask({ kind: 'chunk', id: 1, bytes: Buffer.from('slow') });
      await mirror.ask({ kind: 'commit', id: 1 });
      expect(await readFile(join(root, 'file'), 'utf8')).to.equal('slow');
    } finally {
      process.execArgv.splice(-options.length);
      await rm(root, { recursive: true, force: true });
    }
  });
});
