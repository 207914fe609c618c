import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const SOURCE = fileURLToPath(new URL('../../ansible', import.meta.url));
const PLAY_TIMEOUT_MS = 10 * 60_000;

/** What ansible-playbook counted on one host. */
export type Counts = Readonly<Record<'ok' | 'changed' | 'unreachable' | 'failed', number>>;

export interface Played {
  readonly code: number;
  readonly output: string;
  readonly hosts: ReadonlyMap<string, Counts>;
}

/** The collection as its users get it: built, and installed into a directory of its own. */
export interface Collection extends AsyncDisposable {
  /** `ansible-playbook roadstead.registry.NAME ARGS`. A failure is returned. */
  play(name: string, ...args: readonly string[]): Promise<Played>;
}

/** Builds and installs the collection. */
export async function installCollection(): Promise<Collection> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('ansible'));
  const env = {
    HOME: home.path,
    LANG: 'C.UTF-8',
    ANSIBLE_COLLECTIONS_PATHS: join(home.path, 'collections'),
    ANSIBLE_HOST_KEY_CHECKING: 'False',
    ANSIBLE_PIPELINING: 'True',
    ANSIBLE_FORKS: '8',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_RETRY_FILES_ENABLED: 'False',
    ANSIBLE_SSH_ARGS: '-o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=/dev/null',
  };
  const galaxy = (...args: string[]) => run('ansible-galaxy', ['collection', ...args], { env });
  await galaxy('build', SOURCE, '--output-path', home.path);
  const archive = join(home.path, 'roadstead-registry-1.0.0.tar.gz');
  await galaxy('install', archive, '--offline', '--collections-path', env.ANSIBLE_COLLECTIONS_PATHS);
  const all = held.move();
  return {
    async play(name, ...args) {
      const { code, stdout, stderr } = await run(
        'ansible-playbook',
        [`roadstead.registry.${name}`, ...args],
        {
          ...{ env, cwd: home.path, timeoutMs: PLAY_TIMEOUT_MS, allowFailure: true },
        },
      );
      return { code, output: stdout + stderr, hosts: recapOf(stdout) };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Expects that a play over some hosts found nothing to change. */
export function expectUnchanged({ code, output, hosts }: Played): void {
  expect(code, output).to.equal(0);
  expect(hosts.size).to.be.above(0);
  for (const [host, { changed }] of hosts) expect(changed, `${host}\n${output}`).to.equal(0);
}

const LINE = /^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/gm;

function recapOf(output: string): Map<string, Counts> {
  const [, recap = ''] = output.split('PLAY RECAP');
  return new Map(
    [...recap.matchAll(LINE)].map(([, host = '', ...counts]) => {
      const [ok = 0, changed = 0, unreachable = 0, failed = 0] = counts.map(Number);
      return [host, { ok, changed, unreachable, failed }];
    }),
  );
}
