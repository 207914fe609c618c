import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, startSwift } from '../support/swift.ts';
import { describeCluster } from './suite.ts';

describeCluster(
  nightly(requires([...SWIFT_PROGRAMS, 'nginx', 'redis-server', 'openssl', 'skopeo'])),
  'Swift',
  async () => {
    const swift = await startSwift();
    const { authUrl: authurl, user: username, key: password } = swift;
    return {
      storage: {
        swift: {
          ...{ authurl, authversion: 1, username, password },
          container: 'images',
          chunksize: 1024 * 1024,
        },
      },
      [Symbol.asyncDispose]: () => swift[Symbol.asyncDispose](),
    };
  },
);
