import { IssuedCredentials } from '../../registry/access/issued/credentials.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { recordLocal } from '../audit.ts';
import type { JsonOption } from '../command.ts';
import { print } from '../table.ts';
import { showIssued } from './show-issued.ts';

/** The ending of the OpenID provider's users in rules where another source of accounts is asked first. */
const SUFFIX = '@oidc';

/** Shows everyone who has logged in with a browser, by the names that the provider's source gives them. */
export async function credentialsListCommand(objects: ObjectStore, { json }: JsonOption): Promise<void> {
  const people = await new IssuedCredentials(objects).list('user');
  showIssued(people, json, 'nobody has logged in with a browser yet');
}

/** Revokes all credentials that a user got by logging in with a browser. */
export async function credentialsRevokeCommand(
  objects: ObjectStore,
  audit: Audit,
  text: string,
): Promise<void> {
  // No name within the source ends in this.
  const name = text.endsWith(SUFFIX) ? text.slice(0, -SUFFIX.length) : text;
  await recordLocal(audit, { action: 'credential.revoke', details: { user: name } });
  await new IssuedCredentials(objects).revoke('user', name);
  print(
    `${name}'s credentials are revoked: every node refuses them within 5 s; existing tokens expire within ` +
      'token.lifetime. A user whom the provider still accepts can log in and get a new one',
  );
}
