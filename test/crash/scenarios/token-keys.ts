import { KeyRing } from '../../../services/registry/access/keys/key-ring.ts';
import { addKey, removeKeys } from '../../../services/registry/access/keys/rotation.ts';
import { SecretBox } from '../../../services/registry/storage/secret-box.ts';
import type { Scenario, World } from '../scenario.ts';

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };
const box = new SecretBox(['a secret that nobody can guess, in a test'], 'token keys');

/** Makes the key with this number, unless it is there: what a service does that starts, or that finds one missing. */
async function make({ objects }: World, seq: number, revokesOlder = false): Promise<void> {
  await using ring = await KeyRing.start(objects, QUIET);
  if (ring.lastSeq < seq)
    await addKey(objects, ring.lastSeq, {
      ...{ algorithm: 'ES256', box, signsFrom: new Date(), revokesOlder },
      record: async () => undefined,
    });
}

/** Tokens are checked by one key: this one. */
async function expectOnly({ stored }: World, seq: number): Promise<void> {
  await using ring = await KeyRing.start(stored, QUIET);
  const numbers = ring.keys.map((key) => key.seq).join(', ');
  if (numbers !== String(seq)) throw new Error(`tokens are checked by the keys ${numbers || 'of nobody'}`);
}

/** How tokens come by their keys. */
export const TOKEN_KEYS: readonly Scenario[] = [
  {
    title: 'a key of tokens, and one that revokes it',
    steps: [
      { does: 'make the first', act: (world) => make(world, 1) },
      {
        does: 'make one that revokes it',
        act: (world) => make(world, 2, true),
        holds: (world) => expectOnly(world, 2),
      },
      {
        does: 'delete the first',
        async act({ objects }) {
          await removeKeys(objects, [{ seq: 1 }]);
        },
      },
    ],
    outcome: (world) => expectOnly(world, 2),
  },
];
