/** Promise: the Swift driver keeps the object store's contract, with one segment and with very many. */

import { openSwiftStore } from '../stores/swift-world.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, type SwiftOptions, startSwift } from '../support/swift.ts';
import { describeObjectStore } from './object-store.ts';

const MIB = 1024 * 1024;

/** Two minutes more, for what the first kind does in small: in a nightly run. */
const IS_NIGHTLY = process.env['NIGHTLY'] === '1';

const KINDS: readonly { name: string; swift: SwiftOptions; chunkSizeBytes: number; prefix: string }[] = [
  { name: 'in Swift', swift: {}, chunkSizeBytes: 20 * MIB, prefix: '' },
  {
    name: 'in a Swift with small segments and manifests, and without bulk deletes',
    swift: { maxManifestSegments: 2, without: ['bulk'] },
    chunkSizeBytes: MIB,
    prefix: '/a/prefix/',
  },
];

for (const { name, swift, ...options } of IS_NIGHTLY ? KINDS : KINDS.slice(0, 1))
  nightly(requires(SWIFT_PROGRAMS))(`the contract ${name}`, function () {
    // A request costs five milliseconds here, and the suite makes some ten thousand.
    this.timeout(180_000);
    describeObjectStore(name, async () => {
      await using cleanUp = new AsyncDisposableStack();
      const server = cleanUp.use(await startSwift(swift));
      const store = cleanUp.use(await openSwiftStore(server, options));
      const held = cleanUp.move();
      return { store, [Symbol.asyncDispose]: () => held.disposeAsync() };
    });
  });
