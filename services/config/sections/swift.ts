import { z } from 'zod';
import { about, addProblem, honoured, noEffect, sectionOf } from '../key.ts';
import { onOff, Switch, when } from '../switch.ts';
import { BaseUrl, Bytes, MEBIBYTE, Setting, Text } from '../values.ts';

/** Swift reads objects with smaller segments more slowly; also Distribution's minimum. */
const Segment = about(Bytes(MEBIBYTE, 5 * 1024 * MEBIBYTE).default(20 * MEBIBYTE), { example: 6_000_000 });
/** A project may have a number for a name, which YAML reads as one. */
const NameOrNumber = z
  .union([z.string(), z.number()])
  .optional()
  .transform((value) => (value === undefined || value === '' ? undefined : String(value)));
const AuthVersion = z.union(
  [z.literal(0), z.literal(1), z.literal(3)],
  'expected 1 (TempAuth) or 3 (Keystone)',
);

const OURS = { from: 'ours' } as const;
const ASKED = 'the server itself reports what its TempURLs can do';

/** `storage.swift` as Distribution 2.x has it, and what newer OpenStack requires, in the driver's words. */
export const SwiftSection = sectionOf('2.8', {
  authurl: honoured(BaseUrl, 'the URL of Keystone (`…/v3`) or TempAuth (`…/auth/v1.0`)'),
  authversion: honoured(AuthVersion.default(0), '1 for TempAuth, 3 for Keystone', {
    note: '0: derived from the URL',
    example: 3,
  }),
  username: honoured(Setting, "the registry's user"),
  password: honoured(Setting, 'its password'),
  tenant: honoured(NameOrNumber, 'the project by name'),
  tenantid: honoured(NameOrNumber, 'the project by id, which takes precedence over its name'),
  domain: honoured(Setting, "the user's domain by name"),
  domainid: honoured(Setting, "the user's domain by id, which takes precedence over its name"),
  tenantdomain: honoured(Setting, "the project's domain by name"),
  tenantdomainid: honoured(Setting, "the project's domain by id, which takes precedence over its name"),
  trustid: honoured(Setting, 'a Keystone trust to act through, instead of a project'),
  applicationcredentialid: honoured(
    Setting,
    'an application credential of Keystone, instead of a password',
    OURS,
  ),
  applicationcredentialname: honoured(Setting, 'the same by name, with username and domain', OURS),
  applicationcredentialsecret: honoured(Setting, 'the secret of the application credential', OURS),
  region: honoured(Setting, 'the region in the service catalogue; default: the first'),
  endpointtype: honoured(
    z.enum(['public', 'internal', 'admin']).default('public'),
    'which endpoint in the service catalogue: public, internal or admin',
  ),
  storageurl: honoured(BaseUrl.optional(), "the account's URL, if not the one in the catalogue", OURS),
  publicendpoint: honoured(BaseUrl.optional(), 'the URL of Swift for clients, if they use another', OURS),
  container: honoured(
    Text.refine((text) => text !== '' && !text.includes('/'), 'expected the name of a container'),
    'the container of all content; created if missing',
  ),
  prefix: honoured(Setting, 'the prefix of all object names', { example: 'a/b' }),
  rootdirectory: noEffect(Setting, 'must equal prefix, the only one of the two that Distribution reads', {
    example: 'a',
  }),
  insecureskipverify: onOff(
    'any certificate is accepted: anyone on the path can read and change everything',
    "the server's certificate is verified",
  ).default(false),
  chunksize: honoured(Segment, 'bytes in a segment of a large object, at least 1 MiB'),
  secretkey: honoured(Setting, 'signs URLs for clients; default: the key that the account already has'),
  accesskey: noEffect(Setting, "HP's cloud no longer exists", {
    example: '',
    decide: when(
      (value) => value !== '',
      'refused',
      "it is for signatures of HP's cloud, which no longer exists: remove it",
    ),
  }),
  tempurlcontainerkey: noEffect(Switch.optional(), ASKED),
  tempurlmethods: noEffect(z.array(z.string()).optional(), ASKED),
})
  .superRefine((swift, context) => {
    const problem = (key: string, message: string) => addProblem(context, [key], message);
    const credential = swift.applicationcredentialid ?? swift.applicationcredentialname;
    if (credential === undefined && swift.username === undefined)
      problem('username', 'expected it, or an application credential');
    if (credential === undefined && swift.username !== undefined && swift.password === undefined)
      problem('password', 'expected it together with username');
    if (credential !== undefined && swift.applicationcredentialsecret === undefined)
      problem('applicationcredentialsecret', 'expected it together with the application credential');
    // Distribution reads `prefix` alone: with only this key set, its content is at the root.
    if (swift.rootdirectory !== undefined && swift.rootdirectory !== (swift.prefix ?? ''))
      problem('rootdirectory', 'Distribution ignores this key: expected the same text as prefix');
  })
  .transform((swift) => {
    const { applicationcredentialid: id, applicationcredentialname: name } = swift;
    const { applicationcredentialsecret: secret = '' } = swift;
    return {
      driver: 'swift' as const,
      credentials: {
        authUrl: swift.authurl,
        authVersion: swift.authversion === 0 ? undefined : swift.authversion,
        username: swift.username,
        password: swift.password,
        domain: byIdOrName(swift.domainid, swift.domain),
        tenant: byIdOrName(swift.tenantid, swift.tenant),
        tenantDomain: byIdOrName(swift.tenantdomainid, swift.tenantdomain),
        trustId: swift.trustid,
        applicationCredential: id ? { id, secret } : name ? { name, secret } : undefined,
      },
      container: swift.container,
      prefix: swift.prefix,
      region: swift.region,
      endpointType: swift.endpointtype,
      insecureSkipVerify: swift.insecureskipverify,
      chunkSizeBytes: swift.chunksize,
      tempUrlKey: swift.secretkey,
      publicEndpoint: swift.publicendpoint,
      storageUrl: swift.storageurl,
    };
  });

function byIdOrName(id: string | undefined, name: string | undefined) {
  return id !== undefined ? { id } : name !== undefined ? { name } : undefined;
}
