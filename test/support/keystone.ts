import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { run, startDaemon } from './process.ts';
import { tempDir } from './temp.ts';

/** What a machine needs for `startKeystone`, as programs on the PATH. */
export const KEYSTONE_PROGRAMS = ['keystone-manage', 'uwsgi'];

const ADMIN_PASSWORD = 'adminpass';
/** Of the user by whom Swift asks Keystone about tokens. */
export const SERVICE_PASSWORD = 'swiftpass';

export interface KeystoneOptions {
  /** Swift's URL without path, for the catalogue; one that nobody answers at unless given. */
  readonly swiftUrl?: string;
  readonly tokenLifeSeconds?: number;
}

/** An answer of Keystone; `body` is parsed JSON. */
export interface KeystoneAnswer {
  readonly status: number;
  readonly token: string | undefined;
  readonly body: Record<string, Record<string, unknown>>;
}

/** A real OpenStack Keystone with a project `test`, in which the user `tester` may use Swift, and a user `other`. */
export interface Keystone extends AsyncDisposable {
  readonly url: string;
  /** Of the Identity API v3. */
  readonly authUrl: string;
  readonly user: { readonly name: string; readonly password: string; readonly id: string };
  /** May log in, and do nothing. */
  readonly other: { readonly name: string; readonly password: string; readonly id: string };
  readonly project: { readonly name: string; readonly id: string };
  /** Any request; without a token unless given. */
  request(method: string, path: string, body?: object, token?: string): Promise<KeystoneAnswer>;
  /** A token of the user `tester` in the project. */
  userToken(): Promise<string>;
  /** A request by its administrator. */
  asAdmin(method: string, path: string, body?: object): Promise<KeystoneAnswer>;
  /** Makes a thing, by its administrator, and answers with its id: `make('/users', 'user', { name, … })`. */
  make(path: string, kind: string, body: object): Promise<string>;
  /** Gives a role, by its name, to a user in a project, by their ids. */
  grant(project: string, user: string, role: string): Promise<void>;
  /** Its administrator's name and password. */
  readonly admin: { readonly name: string; readonly password: string };
  stop(): Promise<void>;
  /** Starts it again, on the same port and with the same state; tokens may live shorter from then on. */
  start(tokenLifeSeconds?: number): Promise<void>;
}

/** On two cores that are busy with other tests, migrations take minutes. */
export const MIGRATION_TIMEOUT_MS = 5 * 60_000;

/** Migrations take twelve seconds: each process does them once, and copies the database for the next Keystone. */
let template: Promise<string> | undefined;

const config = (home: string, url: string, tokenLifeSeconds: number) => `[DEFAULT]
use_stderr = true
public_endpoint = ${url}
[database]
connection = sqlite:///${home}/keystone.db
[token]
provider = fernet
expiration = ${tokenLifeSeconds}
allow_expired_window = 0
[fernet_tokens]
key_repository = ${home}/fernet-keys
[credential]
key_repository = ${home}/credential-keys
[identity]
password_hash_rounds = 4
[cache]
# Without it a request reads the database while it writes it, and SQLite is locked.
enabled = true
backend = dogpile.cache.memory_pickle
[oslo_policy]
enforce_new_defaults = false
`;

/** A database and keys, bootstrapped for an administrator; endpoints are added by each Keystone itself. */
async function makeTemplate(): Promise<string> {
  const { path: home } = await tempDir('keystone-template');
  await writeFile(join(home, 'keystone.conf'), config(home, 'http://127.0.0.1', 3600));
  const manage = (...args: string[]) =>
    run('keystone-manage', ['--config-file', join(home, 'keystone.conf'), ...args], {
      timeoutMs: MIGRATION_TIMEOUT_MS,
    });
  await manage('db_sync');
  for (const keys of ['fernet_setup', 'credential_setup'])
    await manage(keys, '--keystone-user', 'root', '--keystone-group', 'root');
  await manage('bootstrap', '--bootstrap-password', ADMIN_PASSWORD);
  return home;
}

/** Starts one on loopback, with a state of its own that goes with it. */
export async function startKeystone({
  swiftUrl = 'http://127.0.0.1:1',
  tokenLifeSeconds = 3600,
}: KeystoneOptions = {}): Promise<Keystone> {
  await using cleanUp = new AsyncDisposableStack();
  template ??= makeTemplate();
  const home = cleanUp.use(await tempDir('keystone')).path;
  for (const name of ['keystone.db', 'fernet-keys', 'credential-keys'])
    await cp(join(await template, name), join(home, name), { recursive: true });
  await mkdir(join(home, 'run'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(home, 'keystone.conf'), config(home, url, tokenLifeSeconds));
  const launch = () =>
    startDaemon(
      'uwsgi',
      [
        ...['--plugin', 'python3', '--http-socket', `127.0.0.1:${port}`],
        ...['--wsgi-file', '/usr/bin/keystone-wsgi-public', '--master', '--processes', '1', '--need-app'],
        ...['--buffer-size', '65535', '--add-header', 'Connection: close', '--enable-threads'],
        ...['--lazy-apps', '--die-on-term', '--chdir', join(home, 'run')],
      ],
      {
        env: { OS_KEYSTONE_CONFIG_DIR: home, OS_KEYSTONE_CONFIG_FILES: 'keystone.conf' },
        ready: async () => (await fetch(`${url}/v3`)).ok,
        timeoutMs: 60_000,
        logFile: join(home, 'keystone.log'),
      },
    );
  let daemon = await launch();
  cleanUp.defer(() => daemon[Symbol.asyncDispose]());

  const request: Keystone['request'] = async (method, path, body, token) => {
    const response = await fetch(`${url}/v3${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { 'x-auth-token': token }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      token: response.headers.get('x-subject-token') ?? undefined,
      body: text === '' ? {} : JSON.parse(text),
    };
  };
  const logIn = async (name: string, password: string, project: string) => {
    const domain = { id: 'default' };
    const answer = await request('POST', '/auth/tokens', {
      auth: {
        identity: { methods: ['password'], password: { user: { name, password, domain } } },
        scope: { project: { name: project, domain } },
      },
    });
    return answer.token ?? '';
  };
  let admin = '';
  // A token may live for seconds, and this take longer.
  const asAdmin = async (method: string, path: string, body?: object): Promise<KeystoneAnswer> => {
    const answer = await request(method, path, body, admin);
    if (answer.status !== 401) return answer;
    admin = await logIn('admin', ADMIN_PASSWORD, 'admin');
    return request(method, path, body, admin);
  };
  const make = async (path: string, kind: string, body: object): Promise<string> => {
    const answer = await asAdmin('POST', path, { [kind]: body });
    const id = answer.body[kind]?.['id'];
    if (typeof id !== 'string') throw new Error(`Keystone made no ${kind}: ${JSON.stringify(answer.body)}`);
    return id;
  };
  const inDefault = { domain_id: 'default' };
  const roles = new Map<string, string>();
  const listed = (await asAdmin('GET', '/roles')).body['roles'] as unknown;
  for (const { name, id } of listed as { name: string; id: string }[]) roles.set(name, id);
  for (const name of ['swiftoperator', 'service'])
    if (!roles.has(name)) roles.set(name, await make('/roles', 'role', { name }));
  const grant = async (project: string, user: string, role: string) => {
    const { status } = await asAdmin('PUT', `/projects/${project}/users/${user}/roles/${roles.get(role)}`);
    if (status !== 204) throw new Error(`Keystone granted no role ${role}: ${status}`);
  };

  const serviceProject = await make('/projects', 'project', { name: 'service', ...inDefault });
  const swift = await make('/users', 'user', { name: 'swift', password: SERVICE_PASSWORD, ...inDefault });
  for (const role of ['admin', 'service']) await grant(serviceProject, swift, role);
  const project = await make('/projects', 'project', { name: 'test', ...inDefault });
  const tester = await make('/users', 'user', { name: 'tester', password: 'testing', ...inDefault });
  await grant(project, tester, 'swiftoperator');
  const other = await make('/users', 'user', { name: 'other', password: 'othering', ...inDefault });
  for (const name of ['RegionOne', 'RegionTwo']) await asAdmin('POST', '/regions', { region: { id: name } });
  const service = await make('/services', 'service', { type: 'object-store', name: 'swift' });
  // Swift's middleware looks for Keystone itself in the catalogue, too.
  const identity = await make('/services', 'service', { type: 'identity', name: 'this-keystone' });
  await make('/endpoints', 'endpoint', {
    service_id: identity,
    interface: 'public',
    region_id: 'RegionOne',
    url: `${url}/v3`,
  });
  // One of two regions, and one of three interfaces, lead nowhere: choosing the wrong one is noticed.
  for (const [region_id, kind, base] of [
    ['RegionTwo', 'public', 'http://127.0.0.1:1'],
    ['RegionOne', 'public', swiftUrl],
    ['RegionOne', 'internal', swiftUrl],
    ['RegionOne', 'admin', 'http://127.0.0.1:1'],
  ])
    await make('/endpoints', 'endpoint', {
      service_id: service,
      interface: kind,
      region_id,
      url: `${base}/v1/AUTH_$(project_id)s`,
    });

  const held = cleanUp.move();
  return {
    url,
    authUrl: `${url}/v3`,
    user: { name: 'tester', password: 'testing', id: tester },
    other: { name: 'other', password: 'othering', id: other },
    project: { name: 'test', id: project },
    request,
    userToken: () => logIn('tester', 'testing', 'test'),
    ...{ asAdmin, make, grant, admin: { name: 'admin', password: ADMIN_PASSWORD } },
    stop: async () => daemon[Symbol.asyncDispose](),
    async start(lifeSeconds = tokenLifeSeconds) {
      await writeFile(join(home, 'keystone.conf'), config(home, url, lifeSeconds));
      daemon = await launch();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
