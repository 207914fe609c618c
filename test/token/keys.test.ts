/**
 * Promise: there is always a key to sign with and the next one comes in time, however many services see to that; and
 * only who has the secret can sign.
 */
import { createPublicKey, sign, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { libtrustId, thumbprint } from '../../services/registry/access/keys/key-id.ts';
import { KEYS_POLL_MS, KeyRing } from '../../services/registry/access/keys/key-ring.ts';
import { RingSigner } from '../../services/registry/access/keys/ring-signer.ts';
import {
  addKey,
  endedKeys,
  KEY_LEAD_MIN_MS,
  leadOf,
  nextSignsFrom,
  signingNow,
} from '../../services/registry/access/keys/rotation.ts';
import type { TokenAlgorithm } from '../../services/registry/access/keys/signing-key.ts';
import {
  KEYS_PREFIX,
  makeKey,
  parseKey,
  type StoredKey,
} from '../../services/registry/access/keys/stored-key.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { SecretBox } from '../../services/registry/storage/secret-box.ts';
import { recordingLog } from '../accounts/accounts.ts';
import { eventually } from '../support/eventually.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';

const SECRET = 'a secret of the nodes, long enough';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOW = new Date('2024-05-05T05:05:05Z');
const at = (offsetMs: number) => new Date(NOW.getTime() + offsetMs);

/** Keys that sign from then on, relative to now. */
const keysFrom = (...offsets: readonly number[]) =>
  offsets.map((offset, i) => ({ seq: i + 1, kid: `key ${i + 1}`, signsFrom: at(offset) }) as StoredKey);

describe('which key signs', () => {
  it('is the last one whose time has come', () => {
    const kidOf = (...offsets: number[]) => signingNow(keysFrom(...offsets), NOW)?.kid;
    expect(kidOf()).to.equal(undefined);
    expect(kidOf(-DAY)).to.equal('key 1');
    expect(kidOf(-DAY, 0)).to.equal('key 2');
    expect(kidOf(-DAY, 1)).to.equal('key 1');
    // One that was made later with an earlier time has the last word.
    expect(kidOf(-DAY, DAY, -1)).to.equal('key 3');
    expect(kidOf(-DAY, -1, DAY)).to.equal('key 2');
    // Better a key too early than none: clocks differ.
    expect(kidOf(MINUTE)).to.equal('key 1');
  });

  it('is the next one when the last has signed for its time, which is known before', () => {
    const [key] = keysFrom(0) as [StoredKey];
    const made = (afterMs: number, lifetimeMs: number) => nextSignsFrom(key, lifetimeMs, at(afterMs));
    expect(leadOf(30 * DAY)).to.equal(DAY);
    expect(made(29 * DAY - 1, 30 * DAY)).to.equal(undefined);
    expect(made(29 * DAY, 30 * DAY)).to.deep.equal(at(30 * DAY));
    // Nobody saw to it for long: all must know it first, all the same.
    expect(made(50 * DAY, 30 * DAY)).to.deep.equal(at(50 * DAY + KEY_LEAD_MIN_MS));
    expect(leadOf(MINUTE)).to.equal(KEY_LEAD_MIN_MS);
    expect(made(MINUTE - KEY_LEAD_MIN_MS, MINUTE)).to.deep.equal(at(MINUTE));
  });

  it('stays to check what it has signed until the last token has expired', () => {
    const ended = (...offsets: number[]) =>
      endedKeys(keysFrom(...offsets), 5 * MINUTE, NOW).map(({ kid }) => kid);
    expect(ended(-DAY)).to.deep.equal([]);
    expect(ended(-DAY, -5 * MINUTE)).to.deep.equal([]);
    expect(ended(-DAY, -15 * MINUTE)).to.deep.equal([]);
    expect(ended(-DAY, -15 * MINUTE - 1)).to.deep.equal(['key 1']);
    expect(ended(-3 * DAY, -2 * DAY, -DAY, MINUTE)).to.deep.equal(['key 1', 'key 2']);
  });
});

describe('keys in the store', () => {
  let objects: ObjectStore;
  let held: AsyncDisposableStack;
  const log = recordingLog();
  const start = async (
    more: { secrets?: string[]; algorithm?: TokenAlgorithm; keyLifetimeMs?: number; pollMs?: number } = {},
  ) => {
    const { secrets = [SECRET], algorithm = 'ES256', keyLifetimeMs = 30 * DAY, pollMs = KEYS_POLL_MS } = more;
    const ring = held.use(await KeyRing.start(objects, log));
    const box = new SecretBox(secrets, 'token keys');
    const signer = await RingSigner.start({
      ...{ objects, ring, box, algorithm, keyLifetimeMs, pollMs, log, audit: NO_AUDIT },
      tokenLifetimeMs: 5 * MINUTE,
    });
    return held.use(signer);
  };
  const stored = async () => (await objects.list({ prefix: KEYS_PREFIX, limit: 100 })).keys;

  beforeEach(() => {
    objects = new MemoryStore();
    held = new AsyncDisposableStack();
  });
  afterEach(() => held.disposeAsync());

  it('are made once, by whichever of many services starts first', async () => {
    const signers = await Promise.all(Array.from({ length: 8 }, () => start()));
    expect(await stored()).to.have.lengthOf(1);
    expect(new Set(signers.map((signer) => signer.current().kid)).size).to.equal(1);
  });

  for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const)
    it(`sign by ${algorithm} what their public part verifies`, async function () {
      this.timeout(20_000);
      const signer = await start({ algorithm });
      const { privateKey, kid } = signer.current();
      const [published] = signer.publicKeys;
      expect(published).to.include({ kid, algorithm });
      const digest = algorithm === 'EdDSA' ? null : 'sha256';
      const signature = sign(digest, Buffer.from('token'), privateKey);
      expect(published && verify(digest, Buffer.from('token'), published.publicKey, signature)).to.equal(
        true,
      );
    });

  it('hold nothing of the private part that can be read', async () => {
    const signer = await start();
    const { d } = signer.current().privateKey.export({ format: 'jwk' });
    const [key = ''] = await stored();
    const text = String(await objects.read(key, 100_000));
    expect(text).not.to.include(d);
    expect(JSON.parse(text).publicKey).not.to.have.property('d');
  });

  it('are replaced if the secret is another one, but not if the old one is configured', async () => {
    const before = (await start()).current().kid;
    expect(
      (await start({ secrets: ['another secret of the nodes, also long', SECRET] })).current().kid,
    ).to.equal(before);
    const after = (await start({ secrets: ['yet another secret of the nodes, long'] })).current().kid;
    expect(after).not.to.equal(before);
    expect(await stored()).to.have.lengthOf(2);
  });

  it('are replaced if the algorithm is another one, in time for all to know', async () => {
    const before = (await start()).current();
    const signer = await start({ algorithm: 'EdDSA' });
    expect(signer.current().kid).to.equal(before.kid);
    const next = signer.publicKeys.at(-1);
    expect(next?.algorithm).to.equal('EdDSA');
    expect((next?.signsFrom.getTime() ?? 0) - Date.now()).to.be.within(
      KEY_LEAD_MIN_MS - 3000,
      KEY_LEAD_MIN_MS,
    );
  });

  it('come one after the other, one for all of the services that see to them', async function () {
    this.timeout(30_000);
    await Promise.all(
      Array.from({ length: 4 }, () => start({ keyLifetimeMs: KEY_LEAD_MIN_MS + 300, pollMs: 50 })),
    );
    await eventually('the next one is there', async () => (await stored()).length > 1, 20_000);
    // Four more looks of each.
    await sleep(200);
    expect(await stored()).to.have.lengthOf(2);
  });

  it('that cannot be read keep no other from being used, nor the next from being made', async () => {
    const first = (await start()).current().kid;
    await objects.put(`${KEYS_PREFIX}0000000002.json`, Buffer.from('{'));
    expect((await start()).current().kid).to.equal(first);
    await start({ algorithm: 'EdDSA' });
    expect(await stored()).to.include(`${KEYS_PREFIX}0000000003.json`);
    expect(log.lines.join('\n')).to.include('a token signing key cannot be read');
  });

  it('that were revoked check nothing when they come back, and are deleted before the key that revokes them', async () => {
    const box = new SecretBox([SECRET], 'token keys');
    const record = async () => undefined;
    const before = (await start()).current().kid;
    const [key = ''] = await stored();
    const bytes = (await objects.read(key, 100_000)) as Buffer;
    await held.disposeAsync();
    held = new AsyncDisposableStack();
    await addKey(objects, 1, { algorithm: 'ES256', box, signsFrom: new Date(), revokesOlder: true, record });
    await objects.delete([key]);
    // The first key's request comes late.
    await objects.put(key, bytes);
    const ring = held.use(await KeyRing.start(objects, log));
    let changes = 0;
    ring.onChange(() => changes++);
    await ring.read();
    expect(ring.find(before)).to.equal(undefined);
    expect([ring.keys.length, ring.lastSeq, changes]).to.deep.equal([1, 2, 0]);
    await start({ pollMs: 20 });
    await eventually('it is deleted', async () => !(await stored()).includes(key), 5000);
    expect(await stored()).to.have.lengthOf(1);
  });

  it('are not looked for oftener than once a second, whatever tokens say', async () => {
    let lists = 0;
    const counting = intercepted(objects, ({ name, proceed }) => {
      if (name === 'list') lists++;
      return proceed();
    });
    await using ring = await KeyRing.start(counting, log);
    const startedAt = performance.now();
    for (let i = 0; i < 3; i++) await Promise.all(Array.from({ length: 100 }, () => ring.refresh()));
    const tookMs = performance.now() - startedAt;
    // It looks by itself each five seconds, too.
    expect(lists).to.be.within(4, 4 + Math.floor(tookMs / 5000));
    expect(tookMs).to.be.above(2900);
  });

  it('that were made a moment ago are found when a token names them', async () => {
    const before = (await start()).current().kid;
    await using ring = await KeyRing.start(objects, log);
    const after = (await start({ secrets: ['another secret of the nodes, also long'] })).current().kid;
    expect(ring.find(after)).to.equal(undefined);
    await ring.refresh();
    expect(ring.find(after)?.kid).to.equal(after).and.not.to.equal(before);
  });

  it('that were all sealed under other secrets leave nobody to sign, and say so', async () => {
    const signer = await start();
    await objects.delete(await stored());
    const ring = held.use(await KeyRing.start(objects, log));
    const lone = await RingSigner.start({
      ...{
        objects,
        ring,
        box: new SecretBox([SECRET], 'token keys'),
        algorithm: 'ES256',
        audit: NO_AUDIT,
        log,
      },
      ...{ keyLifetimeMs: DAY, tokenLifetimeMs: MINUTE },
    });
    held.use(lone);
    await objects.delete(await stored());
    await ring.read();
    expect(() => lone.current()).to.throw(RegistryError, /no key was sealed under the http\.secret/);
    expect(signer.current().kid).to.be.a('string');
  });
});

describe('ids of keys', () => {
  /** From signed manifests of schema 1, the second from docs/spec/manifest-v2-1.md of Distribution. */
  const jwk = {
    ...{ kty: 'EC', crv: 'P-256' },
    x: 'Cu_UyxwLgHzE9rvlYSmvVdqYCXY42E9eNhBb0xNv0SQ',
    y: 'zUsjWJkeKQ5tv7S-hl1Tg71cd-CqnrtiiLxSi6N_yc8',
  };
  const other = {
    ...{ kty: 'EC', crv: 'P-256' },
    x: '3gAwX48IQ5oaYQAYSxor6rYYc_6yjuLCjtQ9LUakg4A',
    y: 't72ge6kIA1XOjqjVoEOiPPAURltJFBMGDSQvEGVB010',
  };
  it('are those of RFC 7638, whose example it gives', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn' +
      'jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM' +
      'QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJz' +
      'KnqDKgw';
    const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
    expect(thumbprint(key)).to.equal('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });

  it("are libtrust's, as signed manifests show them", () => {
    const idOf = (key: typeof jwk) => libtrustId(createPublicKey({ key, format: 'jwk' }));
    expect(idOf(jwk)).to.equal('OIH7:HQFS:44FK:45VB:3B53:OIAG:TPL4:ATF5:6PNE:MGHN:NHQX:2GE4');
    expect(idOf(other)).to.equal('OD6I:6DRK:JXEJ:KBM4:255X:NSAA:MUSF:E4VM:ZI6W:CUN2:L4Z6:LSF4');
  });

  it('make a key that calls itself by another id unreadable', async () => {
    const box = new SecretBox([SECRET], 'token keys');
    const { object } = await makeKey('ES256', box, { revokesOlder: false, createdAt: NOW, signsFrom: NOW });
    const made = JSON.parse(object.toString()) as Record<string, unknown>;
    expect(parseKey(1, object).algorithm).to.equal('ES256');
    expect(() => parseKey(1, Buffer.from(JSON.stringify({ ...made, publicKey: jwk })))).to.throw(
      /does not match its key/,
    );
  });
});

describe('a secret box', () => {
  const box = new SecretBox([SECRET], 'one thing');
  const sealed = box.seal(Buffer.from('content'), 'context');

  it('opens what it sealed, each time sealed differently', () => {
    expect(String(box.open(sealed, 'context'))).to.equal('content');
    expect(box.seal(Buffer.from('content'), 'context')).not.to.equal(sealed);
    expect(String(new SecretBox(['a new secret', SECRET], 'one thing').open(sealed, 'context'))).to.equal(
      'content',
    );
  });

  it('opens nothing else: no other secret, purpose or context, and no byte changed', () => {
    expect(new SecretBox(['a new secret'], 'one thing').open(sealed, 'context')).to.equal(undefined);
    expect(new SecretBox([SECRET], 'another thing').open(sealed, 'context')).to.equal(undefined);
    expect(box.open(sealed, 'another context')).to.equal(undefined);
    const bytes = Buffer.from(sealed, 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(box.open(changed.toString('base64url'), 'context'), `byte ${i}`).to.equal(undefined);
    }
    for (const nonsense of ['', 'x', 'A'.repeat(38), sealed.slice(0, 30)])
      expect(box.open(nonsense, 'context')).to.equal(undefined);
  });
});
