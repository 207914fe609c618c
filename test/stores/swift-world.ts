import { randomUUID } from 'node:crypto';
import { MemoryLocks } from '../../services/memory/locks.ts';
import type { SwiftOptions } from '../../services/stores/swift/options.ts';
import { SwiftStore } from '../../services/stores/swift/swift-store.ts';
import type { Swift } from '../support/swift.ts';

/** Options for a container of its own in a Swift with TempAuth. */
export function swiftOptions(swift: Swift, options: Partial<SwiftOptions> = {}): SwiftOptions {
  return {
    credentials: { authUrl: swift.authUrl, username: swift.user, password: swift.key },
    container: `test-${randomUUID()}`,
    locks: new MemoryLocks(),
    ...options,
  };
}

/** A store in a container of its own. */
export function openSwiftStore(swift: Swift, options: Partial<SwiftOptions> = {}): Promise<SwiftStore> {
  return SwiftStore.open(swiftOptions(swift, options));
}
