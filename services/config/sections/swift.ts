import { z } from 'zod';
import { BaseUrl, Count, Switch, Text } from '../values.ts';

const MEBIBYTE = 1024 * 1024;
/** Swift reads objects more slowly whose segments are smaller; Distribution's minimum, too. */
const CHUNK_MIN_BYTES = MEBIBYTE;
const CHUNK_MAX_BYTES = 5 * 1024 * MEBIBYTE;

/** Distribution takes empty text for a key that is not set. */
const Setting = Text.optional().transform((text) => (text === '' ? undefined : text));
/** A project may be called by a number, which YAML takes for one. */
const NameOrNumber = z
  .union([z.string(), z.number()])
  .optional()
  .transform((value) => (value === undefined || value === '' ? undefined : String(value)));

/** `storage.swift` as Distribution 2.x has it, and what newer OpenStack asks for. */
export const SwiftSection = z
  .strictObject({
    username: Setting,
    password: Setting,
    authurl: BaseUrl,
    authversion: z
      .union([z.literal(0), z.literal(1), z.literal(3)], 'expected 1 (TempAuth) or 3 (Keystone)')
      .default(0),
    tenant: NameOrNumber,
    tenantid: NameOrNumber,
    domain: Setting,
    domainid: Setting,
    tenantdomain: Setting,
    tenantdomainid: Setting,
    trustid: Setting,
    region: Setting,
    container: Text.refine((text) => text !== '' && !text.includes('/'), 'expected the name of a container'),
    prefix: Setting,
    rootdirectory: Setting,
    insecureskipverify: Switch.default(false),
    chunksize: z.preprocess(
      (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
      Count(CHUNK_MIN_BYTES, CHUNK_MAX_BYTES).default(20 * MEBIBYTE),
    ),
    secretkey: Setting,
    accesskey: Setting,
    endpointtype: z.enum(['public', 'internal', 'admin']).default('public'),
    tempurlcontainerkey: Switch.optional(),
    tempurlmethods: z.array(z.string()).optional(),
    /** Ours: an application credential of Keystone, by id, or by name beside `username`. */
    applicationcredentialid: Setting,
    applicationcredentialname: Setting,
    applicationcredentialsecret: Setting,
    /** Ours: where clients reach Swift, if not where we do. */
    publicendpoint: BaseUrl.optional(),
    /** Ours: the account's URL, where it is not the catalogue's. */
    storageurl: BaseUrl.optional(),
  })
  .superRefine((swift, context) => {
    const problem = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    const credential = swift.applicationcredentialid ?? swift.applicationcredentialname;
    if (credential === undefined && swift.username === undefined)
      problem('username', 'expected it, or an application credential');
    if (credential === undefined && swift.username !== undefined && swift.password === undefined)
      problem('password', 'expected it beside username');
    if (credential !== undefined && swift.applicationcredentialsecret === undefined)
      problem('applicationcredentialsecret', 'expected it beside the application credential');
    // Distribution reads `prefix` alone: whoever wrote this one had everything at the root.
    if (swift.rootdirectory !== undefined && swift.rootdirectory !== (swift.prefix ?? ''))
      problem('rootdirectory', 'Distribution takes no notice of it: expected the same text as prefix');
  });

/** {@link SwiftSection} in the driver's words, without what changes nothing. */
export function swiftSettingsOf(swift: z.output<typeof SwiftSection>) {
  const { applicationcredentialid: id, applicationcredentialname: name } = swift;
  const { applicationcredentialsecret: secret = '' } = swift;
  return {
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
}

function byIdOrName(id: string | undefined, name: string | undefined) {
  return id !== undefined ? { id } : name !== undefined ? { name } : undefined;
}
