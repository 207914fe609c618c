import { IssuedCredentials } from '../../registry/access/issued/credentials.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { recordLocal } from '../audit.ts';
import { print } from '../table.ts';
import { showIssued } from './show-issued.ts';

/** How rules call the people of the OpenID provider where another source of accounts is asked first. */
const SUFFIX = '@oidc';

/** Shows everyone who has logged in in a browser, by the names by which that source knows them. */
export async function credentialsListCommand(
  objects: ObjectStore,
  options: { readonly json: boolean },
): Promise<void> {
  const people = await new IssuedCredentials(objects).list('user');
  showIssued(people, options.json, 'nobody has logged in in a browser yet');
}

/** Ends all credentials of somebody's logins in a browser. */
export async function credentialsRevokeCommand(
  objects: ObjectStore,
  audit: Audit,
  text: string,
): Promise<void> {
  // No name of the source's own ends so.
  const name = text.endsWith(SUFFIX) ? text.slice(0, -SUFFIX.length) : text;
  await recordLocal(audit, { action: 'credential.revoke', details: { user: name } });
  await new IssuedCredentials(objects).revoke('user', name);
  print(
    `${name}'s credentials are revoked: no node takes them after 5 s; a token that they got ends within token.lifetime. ` +
      'Whoever the provider still lets in can log in and get a new one',
  );
}
