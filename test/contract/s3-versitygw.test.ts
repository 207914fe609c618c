/** Promise: the S3 driver keeps the object store's contract on a server that none of us looked at while writing it. */
import { buildGoProgram, skipSuite, VERSITYGW } from '../support/go-programs.ts';
import { nightly } from '../support/requirements.ts';
import { startVersitygw, type Versitygw } from '../support/versitygw.ts';
import { describeObjectStore } from './object-store.ts';
import { openS3Store, SMALL_PARTS_BELOW_A_ROOT } from './s3-store.ts';

nightly(describe)('S3 as versitygw speaks it', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let server: Versitygw;
  before(async function () {
    this.timeout(VERSITYGW.buildTimeoutMs + 30_000);
    const built = await buildGoProgram(VERSITYGW);
    if ('reason' in built) return skipSuite(this, built.reason);
    server = held.use(await startVersitygw(built.program));
  });
  after(() => held.disposeAsync());

  describeObjectStore('on versitygw', () => openS3Store(server, {}));
  describeObjectStore('on versitygw, below a root, in small parts', () =>
    openS3Store(server, SMALL_PARTS_BELOW_A_ROOT),
  );
});
