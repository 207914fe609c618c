import { z } from 'zod';
import { BaseUrl, Switch, Text } from '../values.ts';

/** Stands in a header, in quotes. */
const Named = Text.refine((text) => /^[ -~]+$/.test(text), 'expected a name of printable ASCII characters');
const File = z.string().min(1);

/** Algorithms of signatures by which a token may be signed: no shared secrets, and never none. */
export const SIGNATURES = [
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
] as const;

const HtpasswdAuth = z.strictObject({ realm: Named, path: File });

const TokenAuth = z.strictObject({
  /** Where clients get tokens: a token server's URL. */
  realm: BaseUrl.optional(),
  service: Named,
  issuer: Named,
  /** Certificates of whoever signs tokens; without these and `jwks`, our own token service does. */
  rootcertbundle: File.optional(),
  jwks: File.optional(),
  signingalgorithms: z
    .array(z.enum(SIGNATURES))
    .min(1)
    .default([...SIGNATURES]),
  /** The realm is this registry's own name, as the client called it, and this path. */
  autoredirect: Switch.default(false),
  autoredirectpath: z.string().startsWith('/', 'expected a path such as /auth/token').default('/auth/token'),
});

/** Distribution's section: how those who ask are known. One of the ways, or none. */
export const AuthSection = z
  .strictObject({
    none: z.record(z.string(), z.unknown()).optional(),
    htpasswd: HtpasswdAuth.optional(),
    token: TokenAuth.optional(),
  })
  .superRefine(({ token, ...others }, context) => {
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const [way, ...more] = Object.entries({ token, ...others }).flatMap(([each, is]) => (is ? [each] : []));
    for (const each of more)
      problem([each], `expected one way to be known, and auth.${way} stands beside it`);
    if (token && token.realm === undefined && !token.autoredirect)
      problem(['token', 'realm'], 'expected the URL of the token server, or autoredirect: true');
  })
  .optional();
