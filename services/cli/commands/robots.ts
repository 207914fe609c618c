import { type Issued, IssuedCredentials } from '../../registry/access/issued/credentials.ts';
import { robotName } from '../../registry/access/issued/robots.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { ACTOR } from '../actor.ts';
import { recordLocal } from '../audit.ts';
import type { JsonOption } from '../command.ts';
import { print, printError, printJson } from '../table.ts';
import { showIssued } from './show-issued.ts';

/** Makes a robot, and shows its secret. */
export async function robotsCreateCommand(
  objects: ObjectStore,
  audit: Audit,
  text: string,
  options: JsonOption & {
    readonly group: readonly string[];
    readonly description?: string;
    readonly expires?: number;
  },
): Promise<void> {
  const name = robotName(text);
  const { group: groups, description, expires: lifetimeMs } = options;
  await recordLocal(audit, { action: 'robot.create', details: { robot: name, groups } });
  const issued = await new IssuedCredentials(objects).create({
    ...{ kind: 'robot', name, groups, description, by: `local:${ACTOR}`, lifetimeMs },
  });
  show(issued, options.json);
}

/** Shows all robots. */
export async function robotsListCommand(objects: ObjectStore, { json }: JsonOption): Promise<void> {
  const robots = await new IssuedCredentials(objects).list('robot');
  showIssued(robots, json, 'no robots yet: create one with roadstead robots create');
}

/** Gives a robot a new secret, and shows it. */
export async function robotsRotateCommand(
  objects: ObjectStore,
  audit: Audit,
  text: string,
  options: JsonOption & { readonly keepOld: number; readonly expires?: number },
): Promise<void> {
  const name = robotName(text);
  await recordLocal(audit, { action: 'robot.rotate', details: { robot: name } });
  const issued = await new IssuedCredentials(objects).rotate('robot', name, {
    ...{ overlapMs: options.keepOld, lifetimeMs: options.expires },
  });
  show(issued, options.json);
}

/** Revokes a robot. */
export async function robotsRevokeCommand(objects: ObjectStore, audit: Audit, text: string): Promise<void> {
  const name = robotName(text);
  await recordLocal(audit, { action: 'robot.revoke', details: { robot: name } });
  await new IssuedCredentials(objects).revoke('robot', name);
  print(
    `${name} is revoked: every node refuses its logins within 5 s; its tokens expire within token.lifetime`,
  );
}

/** Prints only the secret to standard output, so that it can be piped into a secret store. */
function show({ account: { name }, secret, expiresAt }: Issued, json: boolean): void {
  if (json) {
    printJson({ username: name, secret, expiresAt }, 2);
    return;
  }
  printError(
    `${name}'s secret, shown only once and stored nowhere${expiresAt ? `, valid until ${expiresAt}` : ''}:`,
  );
  print(secret);
}
