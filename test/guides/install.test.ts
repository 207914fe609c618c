/**
 * Promise: on a fresh Debian 12, the commands of docs/install.md, and nothing else, install each form of the program; it
 * takes a push, a promotion and a pull, survives a restart, and goes without leaving a file behind.
 */
import { cp, realpath, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type ArtifactKind, artifacts } from '../support/artifacts.ts';
import { eventually } from '../support/eventually.ts';
import type { Machine } from '../support/machines/machine.ts';
import { MACHINES_TIMEOUT_MS, openPark, type Park, requiresMachines } from '../support/machines/park.ts';
import { findProgram } from '../support/programs.ts';
import { blocksOf } from './guide.ts';

const STEP_MS = 180_000;
/** To build three artifacts and a root directory, once, on a machine that does other things as well. */
const MADE_MS = 15 * 60_000;
const PULL = 'skopeo inspect --tls-verify=false docker://127.0.0.1:5000/hello:1';
/** What Debian keeps of any installation: its lists, its log, its users; and skopeo and npm of their work. */
const DEBIANS = [
  ...[
    '/var/lib/dpkg',
    '/var/lib/apt',
    '/var/cache/apt',
    '/var/cache/ldconfig',
    '/var/lib/systemd',
    '/var/log',
    '/tmp',
  ],
  ...[
    '/run',
    '/etc/passwd-',
    '/etc/group-',
    '/etc/shadow-',
    '/etc/gshadow-',
    '/root/.npm',
    '/var/lib/containers',
    '/root/.local',
    '/var/tmp',
  ],
];

/** A form of the program, and how the guide restarts it. */
interface Form {
  readonly kind: ArtifactKind & ('deb' | 'npm' | 'tarball');
  /** The word of its blocks. */
  readonly word: string;
  readonly restart: string;
}

const FORMS: readonly Form[] = [
  { kind: 'deb', word: 'debian', restart: 'systemctl restart roadstead' },
  { kind: 'tarball', word: 'tarball', restart: 'systemctl restart roadstead' },
  { kind: 'npm', word: 'npm', restart: '' },
];

requiresMachines(['flock', 'npm'])('docs/install.md', function () {
  this.timeout(MACHINES_TIMEOUT_MS);
  const held = new AsyncDisposableStack();
  let blocks: ReadonlyMap<string, string>;
  let park: Park<Form['kind']>;
  let built: Record<Form['kind'], string>;

  before(async function () {
    this.timeout(MADE_MS);
    blocks = await blocksOf('install.md');
    built = await artifacts(['deb', 'tarball', 'npm']);
    park = held.use(await openPark(['deb', 'tarball', 'npm'], { packages: ['skopeo'] }));
    // What the guide makes its first image with.
    const umoci = 'apt-get -q update; apt-get -q -y install umoci';
    await Promise.all(FORMS.map(({ kind }) => park.machines[kind].script(umoci, { timeoutMs: STEP_MS })));
    await installNode(park.machines.npm);
  });
  after(() => held.disposeAsync());

  /** Runs the blocks of a word, as a person does who copies them into a shell of root. */
  const follow = async (machine: Machine, word: string, before = '') => {
    const commands = blocks.get(word);
    if (commands === undefined) throw new Error(`docs/install.md has no block \`sh ${word}\``);
    return machine.script(`cd /root\n${before}\n${commands}`, { timeoutMs: STEP_MS });
  };
  const isReady = (machine: Machine) => async () =>
    (await machine.run('curl', ['-fsS', 'http://127.0.0.1:5000/readyz'], { allowFailure: true })).code === 0;

  it('has no block that is not tried', () => {
    const words = FORMS.flatMap(({ word }) => [word, `${word}-remove`]);
    expect([...blocks.keys()].toSorted()).to.deep.equal([...words, 'npm-start', 'first'].toSorted());
  });

  for (const { kind, word, restart } of FORMS)
    it(`installs the ${kind}, runs it, and removes it`, async () => {
      const machine = park.machines[kind];
      const artifact = join('/root', basename(built[kind]));
      await machine.copyIn(built[kind], artifact);
      const before = await filesOf(machine);
      const start = async () => {
        if (kind === 'npm') await follow(machine, 'npm-start');
        await eventually('it is ready', isReady(machine), STEP_MS);
      };
      const installed = await follow(machine, word, kind === 'deb' ? AS_OPERATOR : '');
      expect(installed.stdout).to.match(/^\d+\.\d+\.\d+.* \(commit /m);
      await start();
      const { stdout } = await follow(machine, 'first');
      expect(stdout).to.include('promoted candidate/hello:1 to hello:1').and.include('ok: roadstead');
      const pulled = (await machine.script(PULL, { timeoutMs: STEP_MS })).stdout;
      if (kind === 'npm') await machine.script('kill "$(cat /run/roadstead.pid)"');
      else await machine.script(restart, { timeoutMs: STEP_MS });
      if (kind === 'npm') await eventually('it has ended', async () => !(await isReady(machine)()), STEP_MS);
      await start();
      expect((await machine.script(PULL, { timeoutMs: STEP_MS })).stdout).to.equal(pulled);
      await follow(machine, `${word}-remove`, AS_OPERATOR);
      expect(await leftOf(machine, before)).to.deep.equal([]);
      const { stdout: processes } = await machine.run('ps', ['-eo', 'args=']);
      expect(processes).to.not.match(/roadstead (?:serve|api)|roadstead\.js/);
    });
});

/** apt asks nothing. */
const AS_OPERATOR = 'export DEBIAN_FRONTEND=noninteractive';

/** Node 24 and npm, as from nodejs.org; npm reaches no network, and has the package alone. */
async function installNode(machine: Machine): Promise<void> {
  const node = fileURLToPath(import.meta.resolve(`node-linux-${process.arch}/package.json`));
  await machine.run('mkdir', ['-p', '/usr/local/lib/node_modules']);
  await machine.copyIn(join(node, '../bin/node'), '/usr/local/bin/node');
  await machine.run('chmod', ['755', '/usr/local/bin/node']);
  // …/npm/bin/npm-cli.js
  const npm = join(await realpath(findProgram('npm') ?? ''), '../..');
  await cp(npm, machine.path('/usr/local/lib/node_modules/npm'), {
    recursive: true,
    dereference: true,
  });
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', machine.path('/usr/local/bin/npm'));
  // Refused at once: there is no name server here, and npm would wait for one.
  await machine.write(
    '/root/.npmrc',
    'registry=http://127.0.0.1:9\nfetch-retries=0\nupdate-notifier=false\n',
  );
}

async function filesOf(machine: Machine): Promise<Set<string>> {
  const skipped = [...DEBIANS, '/proc', '/sys', '/dev'].flatMap((path) => ['-path', path, '-prune', '-o']);
  const { stdout } = await machine.run('find', ['/', '-xdev', ...skipped, '-print']);
  return new Set(stdout.split('\n'));
}

async function leftOf(machine: Machine, before: ReadonlySet<string>): Promise<string[]> {
  return [...(await filesOf(machine))].filter((path) => !before.has(path) && path !== '/root/.cache');
}
