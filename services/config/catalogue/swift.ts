import { type Entry, honoured, noEffect, refused, row, switchRow } from './entry.ts';

const ASKED = noEffect('the server itself is asked what its TempURLs can do');

/** `storage.swift`. */
export const SWIFT: readonly Entry[] = [
  row('storage.swift.authurl', '2.8', honoured("Keystone's URL (`…/v3`), or TempAuth's (`…/auth/v1.0`)")),
  row('storage.swift.authversion', '2.8', honoured('1 for TempAuth, 3 for Keystone'), {
    note: '0: told from the URL',
    standard: '0',
  }),
  row('storage.swift.username', '2.8', honoured('who the registry is to Swift')),
  row('storage.swift.password', '2.8', honoured('its password')),
  row('storage.swift.tenant', '2.8', honoured('the project by name')),
  row('storage.swift.tenantid', '2.8', honoured('the project by id, which goes before its name')),
  row('storage.swift.domain', '2.8', honoured("the user's domain by name")),
  row('storage.swift.domainid', '2.8', honoured("the user's domain by id, which goes before its name")),
  row('storage.swift.tenantdomain', '2.8', honoured("the project's domain by name")),
  row(
    'storage.swift.tenantdomainid',
    '2.8',
    honoured("the project's domain by id, which goes before its name"),
  ),
  row('storage.swift.trustid', '2.8', honoured('acts by this trust instead of in a project')),
  row(
    'storage.swift.applicationcredentialid',
    'ours',
    honoured('an application credential of Keystone, instead of a password'),
  ),
  row(
    'storage.swift.applicationcredentialname',
    'ours',
    honoured('the same by its name, beside username and domain'),
  ),
  row('storage.swift.applicationcredentialsecret', 'ours', honoured('its secret')),
  row('storage.swift.region', '2.8', honoured("which of the catalogue's regions; unset, the first")),
  row('storage.swift.endpointtype', '2.8', honoured("which of the catalogue's addresses"), {
    standard: 'public',
  }),
  row('storage.swift.storageurl', 'ours', honoured("the account's URL, where it is not the catalogue's")),
  row('storage.swift.publicendpoint', 'ours', honoured('where clients reach Swift, if not where we do')),
  row('storage.swift.container', '2.8', honoured('what everything is kept in; made if it is not there')),
  row('storage.swift.prefix', '2.8', honoured('what all names begin with')),
  row(
    'storage.swift.rootdirectory',
    '2.8',
    noEffect('it has to be the prefix: Distribution reads only that'),
  ),
  switchRow('storage.swift.insecureskipverify', '2.8', {
    on: 'any certificate is taken: whoever is on the way can read and change everything',
    off: "the server's certificate is verified",
    standard: 'false',
  }),
  row('storage.swift.chunksize', '2.8', honoured('bytes in a segment of a large object, 1 MiB at least'), {
    standard: '20971520',
  }),
  row(
    'storage.swift.secretkey',
    '2.8',
    honoured('signs URLs for clients; unset, with the key that is there'),
  ),
  row('storage.swift.accesskey', '2.8', noEffect("HP's cloud is no more"), {
    decide: (value) =>
      value === undefined || value === ''
        ? undefined
        : refused("signatures of HP's cloud, which is no more: expected none"),
  }),
  row('storage.swift.tempurlcontainerkey', '2.8', ASKED),
  row('storage.swift.tempurlmethods', '2.8', ASKED),
];
