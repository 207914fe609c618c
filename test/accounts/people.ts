import { KEYSTONE_PROGRAMS, type Keystone, startKeystone } from '../support/keystone.ts';

export { KEYSTONE_PROGRAMS };

/** Who is in {@link startPeople}'s Keystone. */
export interface People extends AsyncDisposable {
  readonly keystone: Keystone;
  /** Ids by name. */
  readonly users: Readonly<Record<'user1' | 'user2' | 'guest', string>>;
  readonly projects: Readonly<Record<'alpha' | 'beta', string>>;
  /** A token of a user by their password: for nothing, or for a project. */
  token(user: Login, project?: string): Promise<string>;
  /** A new application credential of user1's in alpha, as a member. */
  applicationCredential(
    name: string,
    more?: object,
  ): Promise<{ readonly id: string; readonly secret: string }>;
  /** A new trust by which user2 acts as a member of alpha in user1's stead. */
  trust(): Promise<string>;
  /** A token of user2's by a trust. */
  trustToken(trust: string): Promise<string>;
  /** An application credential by which any token may be validated. */
  serviceCredential(): Promise<{ readonly id: string; readonly secret: string }>;
  /** Deletes something of user1's. */
  drop(path: string): Promise<void>;
  /** Revokes a token. */
  revoke(token: string): Promise<void>;
}

export interface Login {
  readonly name: string;
  readonly password: string;
  /** @default the domain that every Keystone has */
  readonly domain?: string;
}

export const USER1: Login = { name: 'user1', password: 'one: with a colon' };
export const USER2: Login = { name: 'user2', password: 'zwei, größer' };
/** Of the domain Partners, and of its project gamma. */
export const PARTNER: Login = { name: 'user1', password: 'another one', domain: 'Partners' };

/**
 * A real Keystone in which user1 is a member of alpha and a reader of beta, user2 a member of beta, and `guest` nothing;
 * in the domain Partners there are another user1, an `odd@n/me` and a project `alpha` of that domain.
 */
export async function startPeople(options: { readonly tokenLifeSeconds?: number } = {}): Promise<People> {
  await using cleanUp = new AsyncDisposableStack();
  const keystone = cleanUp.use(await startKeystone(options));
  const { make, grant } = keystone;
  const home = { domain_id: 'default' };
  const user = ({ name, password }: Login, domain: object = home) =>
    make('/users', 'user', { name, password, ...domain });
  const project = (name: string, domain: object = home) => make('/projects', 'project', { name, ...domain });
  const users = {
    user1: await user(USER1),
    user2: await user(USER2),
    guest: await user({ name: 'guest', password: 'guest' }),
  };
  const projects = { alpha: await project('alpha'), beta: await project('beta') };
  await grant(projects.alpha, users.user1, 'member');
  await grant(projects.beta, users.user1, 'reader');
  await grant(projects.beta, users.user2, 'member');
  const partners = { domain_id: await make('/domains', 'domain', { name: 'Partners' }) };
  const theirs = await project('alpha', partners);
  for (const each of [PARTNER, { name: 'odd@n/me', password: 'odd' }])
    await grant(theirs, await user(each, partners), 'member');

  const domain = { id: 'default' };
  const answered = async (path: string, body: object, token?: string) => {
    const answer = await keystone.request('POST', path, body, token);
    if (answer.status !== 201) throw new Error(`Keystone: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const token: People['token'] = async (login, scope) => {
    const of = login.domain === undefined ? domain : { name: login.domain };
    const answer = await answered('/auth/tokens', {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: login.name, password: login.password, domain: of } },
        },
        scope: scope === undefined ? 'unscoped' : { project: { name: scope, domain } },
      },
    });
    return answer.token ?? '';
  };
  const credential = async (user: string, asUser: string, wanted: object) => {
    const path = `/users/${user}/application_credentials`;
    const answer = await answered(path, { application_credential: wanted }, asUser);
    const { id, secret } = answer.body['application_credential'] as { id: string; secret: string };
    return { id, secret };
  };
  const gone = (status: number) => {
    if (status !== 204) throw new Error(`Keystone did not delete it: ${status}`);
  };
  const held = cleanUp.move();
  return {
    ...{ keystone, users, projects, token },
    applicationCredential: async (name, more) =>
      credential(users.user1, await token(USER1, 'alpha'), { name, roles: [{ name: 'member' }], ...more }),
    async serviceCredential() {
      const name = `registry-${crypto.randomUUID()}`;
      const id = await user({ name, password: name });
      const services = await project(name);
      await grant(services, id, 'service');
      return credential(id, await token({ name, password: name }, name), { name: 'validates tokens' });
    },
    async drop(path) {
      const answer = await keystone.request('DELETE', path, undefined, await token(USER1, 'alpha'));
      gone(answer.status);
    },
    async revoke(id) {
      const headers = { 'x-auth-token': id, 'x-subject-token': id };
      gone((await fetch(`${keystone.authUrl}/auth/tokens`, { method: 'DELETE', headers })).status);
    },
    async trust() {
      const wanted = {
        ...{ trustor_user_id: users.user1, trustee_user_id: users.user2, project_id: projects.alpha },
        ...{ impersonation: true, roles: [{ name: 'member' }] },
      };
      const answer = await answered('/OS-TRUST/trusts', { trust: wanted }, await token(USER1, 'alpha'));
      return String(answer.body['trust']?.['id']);
    },
    async trustToken(trust) {
      const identity = { methods: ['token'], token: { id: await token(USER2) } };
      const scope = { 'OS-TRUST:trust': { id: trust } };
      return (await answered('/auth/tokens', { auth: { identity, scope } })).token ?? '';
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
