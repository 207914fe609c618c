import { z } from 'zod';
import { addProblem, honoured, refused } from '../key.ts';
import { onOff } from '../switch.ts';
import { BaseUrl, File, Text } from '../values.ts';

/** Used in a header, in quotes. */
const Named = Text.refine((text) => /^[ -~]+$/.test(text), 'expected a name of printable ASCII characters');

/** One slash first: after two, or a backslash, clients would take the next part for a host. */
const RealmPath = z.string().regex(/^\/(?:[\w.~%-]+\/)*[\w.~%-]+$/, 'expected a path such as /auth/token');

/** Signature algorithms of tokens: no shared secrets, and never `none`. */
const SIGNATURES = [
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
] as const;

const Htpasswd = z.strictObject({
  realm: honoured(Named, 'the realm that clients show when they ask for a password'),
  path: honoured(
    File,
    'a file of names and bcrypt hashes, read again when it changes. It has to exist: Distribution creates it',
  ),
});

const Token = z.strictObject({
  realm: honoured(BaseUrl.optional(), 'the URL of the token server'),
  service: honoured(Named, "this registry's name there: the audience of its tokens"),
  issuer: honoured(Named, 'the issuer that tokens must have'),
  rootcertbundle: honoured(
    File.optional(),
    "PEM certificates of the token server; without it and `jwks`, our own token service's keys are used",
  ),
  jwks: honoured(File.optional(), "the token server's keys, as a JSON Web Key Set", { from: '3' }),
  signingalgorithms: honoured(
    z
      .array(z.enum(SIGNATURES))
      .min(1)
      .default([...SIGNATURES]),
    'the accepted signature algorithms',
    { from: '3', example: ['ES256'] },
  ),
  autoredirect: onOff(
    'the realm is on this registry, under the host name that the client used',
    'the realm is auth.token.realm',
  ).default(false),
  autoredirectpath: honoured(RealmPath.default('/auth/token'), 'the path of that realm', {
    from: '3',
    example: '/other/token',
  }),
});

/** Distribution's section: how clients authenticate, in at most one way. */
export const AuthSection = z
  .strictObject({
    none: honoured(
      z.record(z.string(), z.unknown()).optional(),
      'clients need no credentials, as without the section',
      { example: {} },
    ),
    silly: refused(
      'any Authorization header would be accepted: expected auth.token or auth.htpasswd, or neither, on a loopback ' +
        'address',
      { below: { '2.8, 3': 'realm service' } },
    ),
    htpasswd: Htpasswd.optional(),
    token: Token.optional(),
  })
  .superRefine(({ token, silly: _, ...others }, context) => {
    const [way, ...more] = Object.entries({ token, ...others }).flatMap(([each, is]) => (is ? [each] : []));
    for (const each of more)
      addProblem(context, [each], `expected only one way to authenticate, but auth.${way} is set too`);
    if (token && token.realm === undefined && !token.autoredirect)
      addProblem(context, ['token', 'realm'], 'expected the URL of the token server, or autoredirect: true');
  })
  .transform(({ none, htpasswd, token }) => ({ isNone: none !== undefined, htpasswd, token }));
