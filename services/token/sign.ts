import { SignJWT } from 'jose';
import type { SigningKey } from '../registry/access/keys/signing-key.ts';
import type { Identity } from '../registry/access/subject.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Granted } from './grant.ts';

export interface TokenContent {
  readonly issuer: string;
  readonly service: string;
  readonly identity: Pick<Identity, 'kind' | 'name'>;
  readonly granted: Granted;
  readonly issuedAt: Date;
  readonly lifetimeMs: number;
}

/** nginx accepts headers of 8 KiB by default, and a token is sent in one. */
const TOKEN_MAX_CHARACTERS = 8000;

/** Makes a token like Distribution's (docs/spec/auth/jwt.md there); our own claims are in `roadstead`. */
export async function signToken(key: SigningKey, content: TokenContent): Promise<string> {
  const { issuer, service, identity, granted, issuedAt, lifetimeMs } = content;
  const now = Math.floor(issuedAt.getTime() / 1000);
  const token = await new SignJWT({
    access: granted.access,
    roadstead: {
      ...{ kind: identity.kind, rules: granted.rules },
      ...{ pullable: granted.pullable, delegable: granted.delegable },
    },
  })
    .setProtectedHeader({
      ...{ alg: key.algorithm, typ: 'JWT', kid: key.kid },
      ...(key.certificates && { x5c: [...key.certificates] }),
    })
    .setIssuer(issuer)
    .setSubject(identity.name)
    // A string and not a list: Distribution 2.8.2 reads only that.
    .setAudience(service)
    .setExpirationTime(now + Math.ceil(lifetimeMs / 1000))
    .setNotBefore(now)
    .setIssuedAt(now)
    .setJti(crypto.randomUUID())
    .sign(key.privateKey);
  if (token.length <= TOKEN_MAX_CHARACTERS) return token;
  throw new RegistryError(
    'PARAMETER_INVALID',
    'too many scopes for one token, which has to fit into a header: request fewer at once',
  );
}
