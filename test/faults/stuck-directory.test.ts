import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseSha256 } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { DirectoryTarget } from '../../services/sync/targets/directory.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { holdChildren } from './held-children.ts';

const PATIENCE_MS = 1500;
/** For what does not hang: a busy machine may take longer than the other one's patience. */
const PATIENT_MS = 25_000;

describe('what writes to a directory mirror', function () {
  this.timeout(30_000);
  let home: TempDir;
  let target: DirectoryTarget;
  let patient: DirectoryTarget;
  const bytes = newBytes(3_000_000);
  const blob = { digest: parseSha256(sha256(bytes)), sizeBytes: bytes.length };
  const never = new AbortController().signal;

  before(async () => {
    home = await tempDir('stuck-directory');
    target = new DirectoryTarget(home.path, { patienceMs: PATIENCE_MS });
    patient = new DirectoryTarget(home.path, { patienceMs: PATIENT_MS });
  });
  after(async () => {
    await target?.[Symbol.asyncDispose]();
    await patient?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  async function* inChunks() {
    for (let at = 0; at < bytes.length; at += 256 * 1024) yield bytes.subarray(at, at + 256 * 1024);
  }

  it('says within its patience that the file system hangs', async () => {
    using _ = holdChildren(process.pid, home.path);
    const failure = await target.write(blob, inChunks(), never).catch((error: Error) => error.message);
    expect(failure).to.equal(`${home.path} has not answered for 1.5 s: its file system hangs`);
  });

  it('recovers by itself when the file system is back', async () => {
    await eventually('it is written', () =>
      target.write(blob, inChunks(), never).then(
        () => true,
        () => false,
      ),
    );
    expect(await readFile(join(home.path, blobDataKey(blob.digest)))).to.deep.equal(bytes);
  });

  it('does not wait for what hangs once it has to stop', async () => {
    const other = newBytes();
    using _ = holdChildren(process.pid, home.path);
    const stop = AbortSignal.timeout(200);
    const startedAt = performance.now();
    const writing = patient.write(
      { digest: parseSha256(sha256(other)), sizeBytes: other.length },
      (async function* () {
        yield other;
      })(),
      stop,
    );
    expect(await writing.catch((error: Error) => error.name)).to.equal('TimeoutError');
    expect(performance.now() - startedAt).to.be.below(PATIENT_MS / 2);
  });
});
