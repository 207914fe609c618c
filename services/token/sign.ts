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

/** nginx takes headers of 8 KiB unless told otherwise, and a token stands in one. */
const TOKEN_MAX_CHARACTERS = 8000;

/** Makes a token as Distribution's are (docs/spec/auth/jwt.md there); what is ours stands in the claim `roadstead`. */
export async function signToken(key: SigningKey, content: TokenContent): Promise<string> {
  const { issuer, service, identity, granted, issuedAt, lifetimeMs } = content;
  const now = Math.floor(issuedAt.getTime() / 1000);
  const token = await new SignJWT({
    access: granted.access,
    roadstead: { kind: identity.kind, rules: granted.rules },
  })
    .setProtectedHeader({
      ...{ alg: key.algorithm, typ: 'JWT', kid: key.kid },
      ...(key.certificates && { x5c: [...key.certificates] }),
    })
    .setIssuer(issuer)
    .setSubject(identity.name)
    // One text and no list: Distribution 2.8.2 reads nothing else.
    .setAudience(service)
    .setExpirationTime(now + Math.ceil(lifetimeMs / 1000))
    .setNotBefore(now)
    .setIssuedAt(now)
    .setJti(crypto.randomUUID())
    .sign(key.privateKey);
  if (token.length <= TOKEN_MAX_CHARACTERS) return token;
  throw new RegistryError(
    'PARAMETER_INVALID',
    'these are too many scopes for one token, which has to fit into a header: ask for fewer at once',
  );
}
