import { KeyRing } from '../../../services/registry/access/keys/key-ring.ts';
import { addKey, removeKeys } from '../../../services/registry/access/keys/rotation.ts';
import { SecretBox } from '../../../services/registry/storage/secret-box.ts';
import type { Scenario, World } from '../scenario.ts';

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };
const box = new SecretBox(['a secret that nobody can guess, in a test'], 'token keys');

/** Makes the key with this number, unless it is there: what a service does that starts, or that finds one missing. */
async function make({ objects }: World, seq: number): Promise<void> {
  await using ring = await KeyRing.start(objects, QUIET);
  if (ring.lastSeq < seq)
    await addKey(objects, ring.lastSeq, {
      algorithm: 'ES256',
      box,
      signsFrom: new Date(),
      record: async () => undefined,
    });
}

async function expectKeys({ stored }: World, least: number): Promise<void> {
  await using ring = await KeyRing.start(stored, QUIET);
  if (ring.keys.length < least) throw new Error(`${ring.keys.length} keys are left of ${least}`);
}

/** How tokens come by their keys. */
export const TOKEN_KEYS: readonly Scenario[] = [
  {
    title: "the keys of tokens, one after the other, and the first one's end",
    steps: [
      { does: 'make the first', act: (world) => make(world, 1), holds: (world) => expectKeys(world, 1) },
      { does: 'make the second', act: (world) => make(world, 2) },
      {
        does: 'delete the first',
        async act({ objects }) {
          await using ring = await KeyRing.start(objects, QUIET);
          await removeKeys(objects, ring.keys.slice(0, -1));
        },
      },
    ],
    outcome: (world) => expectKeys(world, 1),
  },
];
