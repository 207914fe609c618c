import { z } from 'zod';
import { Duration } from '../duration.ts';
import { addProblem, honoured, sectionOf } from '../key.ts';
import { onOff } from '../switch.ts';
import { BaseUrl, Count, File, IssuerUrl, Text } from '../values.ts';

const RootCas = honoured(
  z.array(File).default([]),
  'PEM files of authorities that may have signed its certificate, besides the public ones',
);
const SERVICE =
  'a service that may validate any token; needed for tokens of trusts, which may not validate themselves';

const Keystone = z
  .strictObject({
    authurl: honoured(BaseUrl, "Keystone's URL (API version 3), such as https://keystone:5000/v3"),
    domain: honoured(
      Text.default('Default'),
      'the domain of users and projects whose names come without one',
    ),
    cache: honoured(
      Duration.prefault('60s'),
      'how long an answer of Keystone about a name and a password is reused',
    ),
    timeout: honoured(Duration.prefault('5s'), 'time limit for Keystone; after it, clients get 503'),
    maxprojects: honoured(
      Count(1, 100).default(20),
      "how many of a user's projects are looked at when the login name has none",
      { example: 5 },
    ),
    refreshtokens: onOff(
      'docker login keeps a token of Keystone instead of the password, and ends when that expires',
      'docker login keeps the password',
    ).default(false),
    rootcas: RootCas,
    applicationcredentialid: honoured(Text.optional(), SERVICE),
    applicationcredentialsecret: honoured(Text.optional(), SERVICE),
  })
  .refine(
    (keystone) =>
      (keystone.applicationcredentialid === undefined) ===
      (keystone.applicationcredentialsecret === undefined),
    'expected both applicationcredentialid and applicationcredentialsecret, or neither',
  );

const Htpasswd = z.strictObject({
  path: honoured(File, 'a file of names and bcrypt hashes, read again when it changes'),
});

const Oidc = z.strictObject({
  issuer: honoured(IssuerUrl, 'the OpenID provider that people log in at'),
  clientid: honoured(Text, "this registry's client id at the provider"),
  clientsecret: honoured(Text.optional(), 'its client secret'),
  scopes: honoured(
    z.array(Text).default(['openid', 'profile', 'email', 'groups']),
    'the scopes that are requested',
    { example: ['openid'] },
  ),
  nameclaim: honoured(Text.default('preferred_username'), "the claim that holds the user's name"),
  groupsclaim: honoured(Text.default('groups'), "the claim that holds the user's groups"),
  lifetime: honoured(Duration.prefault('720h'), 'lifetime of a credential from a login in a browser'),
  timeout: honoured(Duration.prefault('5s'), 'time limit for the provider; after it, clients get 503'),
  rootcas: RootCas,
});

/** Sources of accounts, in order: the first that knows a user decides. Robots are always known. */
export const AccountsSection = z
  .array(
    sectionOf('ours', {
      keystone: Keystone.optional(),
      htpasswd: Htpasswd.optional(),
      oidc: Oidc.optional(),
    }).refine((entry) => Object.keys(entry).length === 1, 'expected one of keystone, htpasswd and oidc'),
  )
  .superRefine((entries, context) => {
    const seen = new Set<string>();
    for (const [i, entry] of entries.entries())
      for (const kind of Object.keys(entry)) {
        if (seen.has(kind)) addProblem(context, [i, kind], 'expected it once');
        seen.add(kind);
      }
  })
  .default([]);
