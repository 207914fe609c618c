import { secretBoxOf } from '../../config/rules.ts';
import type { Config } from '../../config/schema.ts';
import { CONSOLE } from '../../http/console-log.ts';
import { KEYS_POLL_MS, KeyRing } from '../../registry/access/keys/key-ring.ts';
import { addKey, KEY_LEAD_MIN_MS, removeKeys, signingNow } from '../../registry/access/keys/rotation.ts';
import type { StoredKey } from '../../registry/access/keys/stored-key.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { recordLocal } from '../audit.ts';
import type { JsonOption } from '../command.ts';
import { fail, print, printJson, printTable } from '../table.ts';

/** Every key in the store. */
export async function keysListCommand(
  objects: ObjectStore,
  config: Config,
  { json }: JsonOption,
): Promise<void> {
  await using ring = await KeyRing.start(objects, CONSOLE);
  const now = new Date();
  const signing = signingNow(ring.keys, now);
  const lines = ring.keys.map((key) => ({ ...describe(key), state: stateOf(key, signing, now) }));
  if (json) return printJson({ keys: lines, signsWithCertificate: config.token?.certificate });
  if (config.token?.certificate !== undefined)
    print(
      `tokens are signed with the key of ${config.token.certificate}; these keys are unused until it is removed:`,
    );
  printTable(
    ['KID', 'ALGORITHM', 'STATE', 'MADE', 'SIGNS FROM'],
    lines.map((key) => [key.kid, key.algorithm, key.state, key.createdAt, key.signsFrom]),
    'no keys yet: the token service makes the first one when it starts',
  );
}

/** Makes the next key; with `revoke`, it signs at once and all others are deleted. */
export async function keysRotateCommand(
  objects: ObjectStore,
  config: Config,
  audit: Audit,
  { afterMs, revoke }: { readonly afterMs: number; readonly revoke: boolean },
): Promise<void> {
  const { token } = config;
  if (!token) return fail('this configuration has no section "token", and so no keys to rotate');
  if (token.certificate !== undefined)
    return fail(`tokens are signed with the key of ${token.certificate}: replace that file (docs/tokens.md)`);
  if (!revoke && afterMs < KEY_LEAD_MIN_MS)
    return fail(
      `nodes look for new keys every ${KEYS_POLL_MS / 1000} s: expected --after ${KEY_LEAD_MIN_MS / 1000}s or more, or --revoke`,
    );
  if (afterMs > token.keylifetime)
    return fail(
      `the key would begin to sign after more than token.keylifetime, when another one is due: expected --after ${Math.floor(token.keylifetime / 1000)}s or less`,
    );
  await using ring = await KeyRing.start(objects, CONSOLE);
  const older = ring.keys;
  const signsFrom = new Date(Date.now() + (revoke ? 0 : afterMs));
  const kid = await addKey(objects, ring.lastSeq, {
    ...{
      algorithm: token.algorithm,
      box: secretBoxOf(config, 'token keys'),
      signsFrom,
      revokesOlder: revoke,
    },
    record: (made) =>
      recordLocal(audit, {
        action: 'key.rotate',
        details: {
          ...{ kid: made, signsFrom: signsFrom.toISOString() },
          ...(revoke && { revoked: older.map((key) => key.kid) }),
        },
      }),
  });
  if (kid === undefined) return fail('another process has just made a new key: see "roadstead keys list"');
  if (!revoke)
    return print(
      `${kid} signs from ${signsFrom.toISOString()}; tokens signed with the other keys stay valid`,
    );
  await removeKeys(objects, older);
  print(
    `${kid} signs from now on; within ${KEYS_POLL_MS / 1000} s every node refuses all tokens made before, and ` +
      'clients ask for new ones',
  );
}

function describe({ kid, algorithm, createdAt, signsFrom }: StoredKey) {
  return { kid, algorithm, createdAt: createdAt.toISOString(), signsFrom: signsFrom.toISOString() };
}

function stateOf(key: StoredKey, signing: StoredKey | undefined, now: Date): string {
  if (key === signing) return 'signs';
  return key.signsFrom > now ? 'next' : 'checks';
}
