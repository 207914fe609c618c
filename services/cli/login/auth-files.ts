import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { ReleaseError } from '../release-error.ts';
import type { Login } from './identity.ts';

const AuthFileSchema = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .default({}),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).default({}),
});
type AuthFile = z.output<typeof AuthFileSchema>;

/** The answer of a credential helper (github.com/docker/docker-credential-helpers). */
const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });
/** The name under which helpers keep a refresh token. */
const TOKEN_USERNAME = '<token>';

/** The login for a host that `podman login` or `docker login` stored, in this order; undefined if neither did. */
export async function readAuthFiles(host: string): Promise<Login | undefined> {
  for (const path of authFiles(process.env)) {
    const file = await read(path);
    const login = file && ((await fromHelper(file, host)) ?? fromEntry(file, host));
    if (login) return login;
  }
  return undefined;
}

/** containers-auth.json(5), and Docker's own. */
function authFiles(environment: NodeJS.ProcessEnv): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG } = environment;
  const home = homedir();
  return [
    ...(REGISTRY_AUTH_FILE ? [REGISTRY_AUTH_FILE] : []),
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'containers', 'auth.json')] : []),
    join(XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'),
    join(DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
  ];
}

async function read(path: string): Promise<AuthFile | undefined> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return AuthFileSchema.parse(JSON.parse(content));
  } catch {
    throw new ReleaseError(
      'UNAUTHORIZED',
      `${path} is not a login file: docker login or podman login writes one`,
    );
  }
}

function fromEntry({ auths }: AuthFile, host: string): Login | undefined {
  const entry = Object.entries(auths).find(([key]) => hostOf(key) === host)?.[1];
  if (entry === undefined) return undefined;
  const decoded = Buffer.from(entry.auth ?? '', 'base64').toString('utf8');
  const at = decoded.indexOf(':');
  const username = decoded.slice(0, Math.max(at, 0));
  if (entry.identitytoken) return { kind: 'refresh-token', username, refreshToken: entry.identitytoken };
  return at < 1 ? undefined : { kind: 'password', username, password: decoded.slice(at + 1) };
}

/** Keys may be URLs: `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

async function fromHelper({ credHelpers, credsStore }: AuthFile, host: string): Promise<Login | undefined> {
  const name = credHelpers[host] ?? credsStore;
  if (name === undefined || !/^[\w.-]+$/.test(name)) return undefined;
  const answer = await ask(`docker-credential-${name}`, host);
  if (answer === undefined) return undefined;
  const { Username: username, Secret: secret } = answer;
  return username === TOKEN_USERNAME
    ? { kind: 'refresh-token', username: '', refreshToken: secret }
    : { kind: 'password', username, password: secret };
}

/** Undefined if the helper does not exist, or has nothing for the host. */
async function ask(program: string, host: string): Promise<z.output<typeof HelperAnswer> | undefined> {
  const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const isStarted = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ]);
  if (!isStarted) return undefined;
  child.stdin.on('error', () => undefined).end(host);
  const [answer] = await Promise.all([text(child.stdout), once(child, 'close')]);
  try {
    return HelperAnswer.parse(JSON.parse(answer));
  } catch {
    return undefined;
  }
}
