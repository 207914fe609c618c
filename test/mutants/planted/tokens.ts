import type { Mutant } from '../mutant.ts';

const VERIFIER = 'services/http/access/tokens/verifier.ts';
const CLAIMS = 'services/http/access/tokens/claims.ts';
const CERTIFIED = 'services/http/access/tokens/certificate-keys.ts';
const attacks = { tests: ['test/token/attacks.test.ts'] };
const certificates = { tests: ['test/token/certificates.test.ts'] };
const service = { tests: ['test/token/service.test.ts'] };
const keys = { tests: ['test/token/keys.test.ts'] };

/**
 * What tokens, and the keys that sign them, are checked for. Not here: the longest token, as no request shows whether it is
 * checked (headers end before).
 */
export const OF_TOKENS: readonly Mutant[] = [
  {
    ...attacks,
    drops: 'the check of the issuer',
    file: VERIFIER,
    find: '...{ issuer, audience, clockTolerance',
    replace: '...{ audience, clockTolerance',
  },
  {
    ...attacks,
    drops: 'the check of the audience',
    file: VERIFIER,
    find: '...{ issuer, audience, clockTolerance',
    replace: '...{ issuer, clockTolerance',
  },
  {
    ...attacks,
    drops: 'the check of the expiry',
    file: VERIFIER,
    find: 'clockTolerance: LEEWAY_SECONDS',
    replace: 'clockTolerance: 1e9',
  },
  {
    ...attacks,
    drops: 'the end of what is cached',
    file: VERIFIER,
    find: ' && Date.now() < known.endsAtMs',
    replace: '',
  },
  {
    tests: ['test/token/algorithms.test.ts'],
    drops: 'the list of algorithms',
    file: VERIFIER,
    find: 'algorithms: [...algorithms],',
    replace: '',
  },
  {
    ...attacks,
    drops: 'the algorithms of a key',
    file: VERIFIER,
    find: 'if (found?.algorithms.includes(header.alg)) return found.key;',
    replace: 'if (found) return found.key;',
  },
  {
    tests: ['test/token/attacks.test.ts', 'test/token/rotation.test.ts'],
    drops: 'the end of the cache when keys change',
    file: VERIFIER,
    find: 'this.#known.clear();',
    replace: '',
  },
  {
    ...attacks,
    drops: 'what * leaves out',
    file: CLAIMS,
    find: "ANY.has(action) && actions.has('*')",
    replace: "actions.has('*')",
  },
  {
    ...attacks,
    drops: 'the name of what a token is for',
    file: CLAIMS,
    find: 'granted.get(`${type}:${name}`)',
    replace: '[...granted.values()][0]',
  },
  {
    ...attacks,
    drops: 'the actions of a token',
    file: CLAIMS,
    find: '(actions.has(action) ||',
    replace: '(actions.size > 0 ||',
  },
  {
    ...attacks,
    drops: 'the check that an authority issued a certificate',
    file: CERTIFIED,
    find: ' && certificate.verify(each.publicKey)',
    replace: '',
  },
  {
    ...certificates,
    drops: 'the time of an authority',
    file: CERTIFIED,
    find: 'each.ca && isValidNow(each) &&',
    replace: 'each.ca &&',
  },
  {
    ...certificates,
    drops: 'that only authorities issue certificates',
    file: CERTIFIED,
    find: 'each.ca && isValidNow(each) &&',
    replace: 'isValidNow(each) &&',
  },
  {
    ...certificates,
    drops: "the time of a token's certificate",
    file: CERTIFIED,
    find: 'if (!isValidNow(certificate)) return undefined;',
    replace: '',
  },
  {
    tests: ['test/token/key-sets.test.ts'],
    drops: 'the least size of an RSA key',
    file: 'services/http/access/tokens/trusted-keys.ts',
    find: 'modulusLength < RSA_MIN_BITS ? undefined :',
    replace: '',
  },
  {
    tests: ['test/token/key-sets.test.ts'],
    drops: 'that keys in a set are public',
    file: 'services/http/access/tokens/jwks-keys.ts',
    find: "if (jwk.kty === 'oct') throw new Error(`key ${i + 1} is a shared secret: expected public keys`);",
    replace: '',
  },
  {
    ...service,
    drops: 'the rules',
    file: 'services/token/grant.ts',
    find: 'if (!isAllowed) continue;',
    replace: '',
  },
  {
    tests: ['test/token/refresh-tokens.test.ts'],
    drops: 'the end of a refresh token',
    file: 'services/token/refresh-tokens.ts',
    find: ' || content.exp * 1000 <= now.getTime()',
    replace: '',
  },
  {
    ...service,
    drops: 'the account of a refresh token',
    file: 'services/token/tokens.ts',
    find: ' && answer.identity.name === account) return answer;',
    replace: ') return answer;',
  },
  {
    ...service,
    drops: 'what a service may be asked for',
    file: 'services/token/tokens.ts',
    find: 'if (asked === service || otherServices.includes(asked)) return asked;',
    replace: 'return asked;',
  },
  {
    ...service,
    drops: 'the size of a form',
    file: 'services/token/request.ts',
    find: 'const BODY_MAX_BYTES = 64 * 1024;',
    replace: 'const BODY_MAX_BYTES = 64 * 1024 * 1024;',
  },
  {
    tests: ['test/attacks/guarded.test.ts'],
    drops: 'fields that are given twice',
    file: 'services/token/request.ts',
    find: 'if (more.length > 0) throw',
    replace: 'if (more.length > 9) throw',
  },
  {
    ...keys,
    drops: 'the id of a stored key',
    file: 'services/registry/access/keys/stored-key.ts',
    find: 'if (libtrustId(publicKey) !== stored.kid) throw new Error(`the id ${stored.kid} does not match its key`);',
    replace: '',
  },
  {
    ...keys,
    tests: ['test/token/keys.test.ts'],
    drops: 'the revocation of older keys',
    file: 'services/registry/access/keys/key-ring.ts',
    find: 'if (found?.revokesOlder) revoked.push(...keys.splice(0));',
    replace: '',
  },
  {
    ...keys,
    drops: 'the purpose of what is sealed',
    file: 'services/registry/storage/secret-box.ts',
    find: '`roadstead ${purpose}`',
    replace: '`roadstead`',
  },
  {
    ...keys,
    drops: 'the context of what is sealed',
    file: 'services/registry/storage/secret-box.ts',
    find: 'createDecipheriv(CIPHER, key, nonce).setAAD(Buffer.from(context)).setAuthTag(tag)',
    replace: "createDecipheriv(CIPHER, key, nonce).setAAD(Buffer.from('refresh token')).setAuthTag(tag)",
  },
  {
    ...keys,
    drops: 'the time between two reads for unknown keys',
    file: 'services/registry/access/keys/key-ring.ts',
    find: 'if (waitMs > 0) await sleep(',
    replace: 'if (waitMs > 1e9) await sleep(',
  },
  {
    ...keys,
    drops: 'the time that a key is known before it signs',
    file: 'services/registry/access/keys/rotation.ts',
    find: 'Math.max(due, now.getTime() + KEY_LEAD_MIN_MS)',
    replace: 'due',
  },
];
