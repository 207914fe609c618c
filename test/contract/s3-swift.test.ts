/**
 * Promise: the S3 driver keeps the object store's contract on Swift's S3, which cannot create on condition: locks decide.
 */
import { MemoryLocks } from '../../services/memory/locks.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS } from '../support/swift.ts';
import { type SwiftS3, startSwiftS3 } from '../support/swift-s3.ts';
import { describeObjectStore } from './object-store.ts';
import { openS3Store, SMALL_PARTS_BELOW_A_ROOT } from './s3-store.ts';

nightly(requires(SWIFT_PROGRAMS))("S3 as Swift's s3api speaks it", function () {
  // A request costs five milliseconds and more here, and the suite makes some ten thousand.
  this.timeout(300_000);
  let swift: SwiftS3;
  before(async () => {
    swift = await startSwiftS3();
  });
  after(() => swift[Symbol.asyncDispose]());

  describeObjectStore("on Swift's s3api", () => openS3Store(swift, { locks: new MemoryLocks() }));
  describeObjectStore("on Swift's s3api, below a root, in small parts", () =>
    openS3Store(swift, { locks: new MemoryLocks(), ...SMALL_PARTS_BELOW_A_ROOT }),
  );
});
