import { z } from 'zod';
import { Duration } from '../duration.ts';
import { BaseUrl, Count, IssuerUrl, Switch, Text } from '../values.ts';

const File = z.string().min(1);

const Keystone = z
  .strictObject({
    /** Of its API's version 3, such as `https://keystone.example.net:5000/v3`. */
    authurl: BaseUrl,
    /** The domain of users and projects whose names stand alone. */
    domain: Text.default('Default'),
    /** So long what Keystone said of a name and a password is believed without asking again. */
    cache: Duration.prefault('60s'),
    timeout: Duration.prefault('5s'),
    /** A user's projects beyond this number are not looked at unless the login name spells one. */
    maxprojects: Count(1, 100).default(20),
    /** Whether `docker login` keeps a token of Keystone's, which ends with it, instead of the password. */
    refreshtokens: Switch.default(false),
    /** Who may have signed its certificate, in PEM, besides those that everyone trusts. */
    rootcas: z.array(File).default([]),
    /** Of a service that may validate any token: for those that may not ask about themselves, of trusts. */
    applicationcredentialid: Text.optional(),
    applicationcredentialsecret: Text.optional(),
  })
  .refine(
    (keystone) =>
      (keystone.applicationcredentialid === undefined) ===
      (keystone.applicationcredentialsecret === undefined),
    'expected both applicationcredentialid and applicationcredentialsecret, or neither',
  );

const Htpasswd = z.strictObject({ path: File });

const Oidc = z.strictObject({
  issuer: IssuerUrl,
  clientid: Text,
  clientsecret: Text.optional(),
  scopes: z.array(Text).default(['openid', 'profile', 'email', 'groups']),
  /** The claims that hold the user's name and their groups. */
  nameclaim: Text.default('preferred_username'),
  groupsclaim: Text.default('groups'),
  /** How long a credential made by a login in a browser is good for. */
  lifetime: Duration.prefault('720h'),
  timeout: Duration.prefault('5s'),
  /** Who may have signed its certificate, in PEM, besides those that everyone trusts. */
  rootcas: z.array(File).default([]),
});

/** Ours: who people are, source after source; the first that knows somebody decides. Robots are always known. */
export const AccountsSection = z
  .array(
    z
      .strictObject({ keystone: Keystone.optional(), htpasswd: Htpasswd.optional(), oidc: Oidc.optional() })
      .refine((entry) => Object.keys(entry).length === 1, 'expected one of keystone, htpasswd and oidc'),
  )
  .superRefine((entries, context) => {
    const seen = new Set<string>();
    for (const [i, entry] of entries.entries())
      for (const kind of Object.keys(entry)) {
        if (seen.has(kind))
          context.addIssue({ code: 'custom', path: [i, kind], message: 'expected it once' });
        seen.add(kind);
      }
  })
  .default([]);
