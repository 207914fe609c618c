import { type Distribution, startDistribution } from '../support/distribution.ts';
import {
  BUILD_TIMEOUT_MS,
  type Built,
  buildGoProgram,
  DISTRIBUTION_3,
  skipSuite,
} from '../support/go-programs.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from '../support/registry.ts';
import { type DefineSuite, nightly, requires } from '../support/requirements.ts';

/** Roadstead and a Distribution that run at once over one directory. */
export interface Pair {
  readonly ours: TestRegistry;
  readonly theirs: Distribution;
}

/** A release of Distribution, and what it can do. */
interface Peer {
  readonly name: string;
  /** 2.8 takes DELETE of a digest only. */
  readonly deletesTags: boolean;
  /** With `--delete-untagged` 2.8's collector takes what only an index names: every image of several platforms. */
  readonly collectsChildren: boolean;
  /** False of the one that must be there, so that what is not about the peer can be held once. */
  readonly isOptional: boolean;
  /** Debian's package must be there, as everywhere in these tests; what Go builds may be impossible to have. */
  readonly suite: DefineSuite;
  find(): Promise<Built>;
}

const PEERS: readonly Peer[] = [
  {
    name: 'docker-registry 2.8',
    deletesTags: false,
    collectsChildren: true,
    isOptional: false,
    suite: requires(['docker-registry']),
    find: async () => ({ program: 'docker-registry' }),
  },
  {
    name: `Distribution ${DISTRIBUTION_3.version}`,
    deletesTags: true,
    collectsChildren: false,
    isOptional: true,
    // Go takes minutes to build it, and its rules are those of 2.8.
    suite: nightly(describe),
    find: () => buildGoProgram(DISTRIBUTION_3),
  },
];

/** Defines a suite for each release of Distribution; the pair is there once its tests run. */
export function besideDistribution(
  title: string,
  body: (pair: Pair, peer: Peer) => void,
  options: RegistryOptions = { promotion: false },
): void {
  for (const peer of PEERS)
    peer.suite(`${title}: ${peer.name}`, () => {
      const held = new AsyncDisposableStack();
      let ours: TestRegistry | undefined;
      let theirs: Distribution | undefined;
      before(async function () {
        this.timeout(BUILD_TIMEOUT_MS + 30_000);
        const found = await peer.find();
        if ('reason' in found) return skipSuite(this, found.reason);
        ours = held.use(await startRegistry({ delete: true, ...options }));
        theirs = held.use(await startDistribution(found.program, ours.rootDirectory));
      });
      after(() => held.disposeAsync());
      const there = <T>(registry: T | undefined): T => {
        if (registry === undefined) throw new Error('the registries run while tests do');
        return registry;
      };
      body(
        {
          get ours() {
            return there(ours);
          },
          get theirs() {
            return there(theirs);
          },
        },
        peer,
      );
    });
}

/** The two ways: who writes, and who is to serve it. */
export const DIRECTIONS = [
  { title: 'Roadstead wrote, Distribution serves', writer: 'ours', reader: 'theirs' },
  { title: 'Distribution wrote, Roadstead serves', writer: 'theirs', reader: 'ours' },
] as const;
