import { durationRow, type Entry, honoured, row, rows, switchRow } from './entry.ts';
import { tlsRows } from './tls.ts';

/** Who people are and what they may do: our sections `token`, `accounts`, `access` and `audit`. */
export const PEOPLE: readonly Entry[] = [
  row('token.algorithm', 'ours', honoured('what tokens are signed by: ES256, RS256 or EdDSA'), {
    standard: 'ES256',
  }),
  row('token.key', 'ours', honoured('the file, in PEM, of a key of your own to sign with instead')),
  row(
    'token.certificate',
    'ours',
    honoured('the file, in PEM, of its certificate, and of others whose tokens are taken, too'),
  ),
  durationRow(
    'token.lifetime',
    'ours',
    honoured('how long a token is good for: a right that was taken away may be used for so long'),
    '5m',
  ),
  durationRow('token.keylifetime', 'ours', honoured('how long a key signs before the next one does'), '720h'),
  durationRow(
    'token.refreshlifetime',
    'ours',
    honoured('how long `docker login` lasts without the password, where the source of accounts allows it'),
    '720h',
  ),
  row(
    'token.services',
    'ours',
    honoured('other registries that take these tokens, by their auth.token.service'),
  ),
  row(
    'token.http.addr',
    'ours',
    honoured('where the token service listens; left out: http.addr, below /auth/'),
  ),
  ...tlsRows('token.http.tls', 'ours'),
  row('accounts.*.keystone.authurl', 'ours', honoured("Keystone's URL, such as https://keystone:5000/v3")),
  row(
    'accounts.*.keystone.domain',
    'ours',
    honoured('the domain of users and projects whose names stand alone'),
    {
      standard: 'Default',
    },
  ),
  durationRow(
    'accounts.*.keystone.cache',
    'ours',
    honoured('how long what Keystone said of a name and a password is believed'),
    '60s',
  ),
  durationRow('accounts.*.keystone.timeout', 'ours', honoured('how long Keystone may take; then 503'), '5s'),
  row(
    'accounts.*.keystone.maxprojects',
    'ours',
    honoured('how many of a user’s projects are looked at when the login name spells none'),
    { standard: '20' },
  ),
  switchRow('accounts.*.keystone.refreshtokens', 'ours', {
    on: 'docker login keeps a token of Keystone instead of the password, and ends when that does',
    off: 'docker login keeps the password',
    standard: 'false',
  }),
  row(
    'accounts.*.keystone.rootcas',
    'ours',
    honoured('files, in PEM, of who else may have signed its certificate'),
  ),
  ...rows(
    'accounts.*.keystone',
    'ours',
    honoured('a service that may validate any token; needed for tokens of trusts'),
    'applicationcredentialid applicationcredentialsecret',
  ),
  row(
    'accounts.*.htpasswd.path',
    'ours',
    honoured('a file of names and bcrypt hashes, read again when it changes'),
  ),
  row('accounts.*.oidc.issuer', 'ours', honoured('the OpenID provider at which people log in')),
  ...rows('accounts.*.oidc', 'ours', honoured('who this registry is there'), 'clientid clientsecret'),
  row('accounts.*.oidc.scopes', 'ours', honoured('what the provider is asked for'), {
    standard: '[openid, profile, email, groups]',
  }),
  row('accounts.*.oidc.nameclaim', 'ours', honoured("the claim that is the user's name"), {
    standard: 'preferred_username',
  }),
  row('accounts.*.oidc.groupsclaim', 'ours', honoured("the claim that holds the user's groups"), {
    standard: 'groups',
  }),
  durationRow(
    'accounts.*.oidc.lifetime',
    'ours',
    honoured('how long a credential made by a login is good for'),
    '720h',
  ),
  durationRow('accounts.*.oidc.timeout', 'ours', honoured('how long the provider may take; then 503'), '5s'),
  row(
    'accounts.*.oidc.rootcas',
    'ours',
    honoured('files, in PEM, of who else may have signed its certificate'),
  ),
  row('access.groups.*', 'ours', honoured('who is in the group, in the words of a rule’s subjects')),
  switchRow('access.standard', 'ours', {
    on: 'the standard rules stand behind those of the file',
    off: 'the rules of the file are all',
    note: 'left out: `false` where there are rules',
  }),
  row('access.rules.*.name', 'ours', honoured('what records and explanations call the rule')),
  row('access.rules.*.allow', 'ours', honoured('the actions that it allows')),
  row('access.rules.*.deny', 'ours', honoured('or those that it denies')),
  row('access.rules.*.subjects', 'ours', honoured('whom it is for')),
  row('access.rules.*.networks', 'ours', honoured('where they have to ask from; left out: anywhere')),
  row('access.rules.*.repositories', 'ours', honoured('which repositories it is for'), {
    standard: '["**"]',
  }),
  switchRow('audit.enabled', 'ours', {
    on: 'every change of state is recorded in the store, by whom and by which rule',
    off: 'none is',
    note: 'left out: recorded where there is `auth`',
  }),
];
