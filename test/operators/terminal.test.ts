/** Promise: nothing that clients or other machines wrote reaches the terminal of an operator as more than text. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { addAccessCommands } from '../../services/cli/access-commands.ts';
import { CliCommand } from '../../services/cli/command.ts';
import { addCredentialCommands } from '../../services/cli/credential-commands.ts';
import { printFailure } from '../../services/cli/print-failure.ts';
import { printableJson } from '../../services/cli/printable.ts';
import { addRemoteCommands } from '../../services/cli/remote-commands.ts';
import { addRobotCommands } from '../../services/cli/robot-commands.ts';
import { addStoreCommands } from '../../services/cli/store-commands.ts';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import { fillStore, HOSTILE, startHostileService } from './hostile-text.ts';

const COMMANDS = fileURLToPath(new URL('../../services/cli', import.meta.url));
/** Whatever moves a cursor, begins a line, or reverses the direction of writing. */
const UNPRINTABLE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;
const DIGEST = `sha256:${'0'.repeat(64)}`;

type Case = readonly [
  command: string,
  from: 'service' | 'store' | 'mirror' | 'argument' | 'nothing',
  args?: readonly string[],
];

/** Each command with arguments of its own; `from` says what shows the text: the service, the store, a mirror, or an argument. */
const CASES: readonly Case[] = [
  ['promote', 'service', ['candidate/a:1', 'a:1']],
  ['publications', 'service'],
  ['mirrors', 'service'],
  ['mirrors doctor', 'mirror', ['--blob', DIGEST, '--size', '100000']],
  ['status', 'service'],
  ['explain', 'service', ['a', DIGEST]],
  ['robots list', 'store'],
  ['credentials list', 'store'],
  ['audit', 'store'],
  ['read-only status', 'store'],
  ['gc status', 'store'],
  ['notifications', 'store'],
  ['config check', 'store'],
  ['robots create', 'nothing', [HOSTILE]],
  ['robots rotate', 'nothing', [HOSTILE]],
  ['robots revoke', 'nothing', [HOSTILE]],
  ['credentials revoke', 'argument', [HOSTILE]],
  ['access check', 'argument', [HOSTILE, 'pull', 'a']],
  ['gc restore', 'argument', [HOSTILE]],
  ['check', 'argument', ['--repository', HOSTILE, '--']],
  ['audit prune', 'nothing', ['--before', '2020-01-01']],
  ['gc dry-run', 'nothing'],
  ['keys list', 'nothing'],
  ['keys rotate', 'nothing'],
  ['garbage-collect', 'nothing', ['--dry-run']],
  ['read-only on', 'nothing', ['--reason', HOSTILE]],
  ['read-only off', 'nothing'],
  ['backup', 'nothing', ['--dry-run', '--to', HOSTILE]],
  ['restore', 'argument', ['--dry-run', HOSTILE]],
];
/** It waits for a worker; its output is that of `gc status`. */
const LEFT_OUT = ['gc run'];

/** What the arguments of a command end with. */
const LAST: Readonly<Record<Case[1], (url: string, config: string) => readonly string[]>> = {
  service: (url) => ['--server', url],
  mirror: (url) => [`${url}/${HOSTILE}`],
  store: (_, config) => [config],
  argument: (_, config) => [config],
  nothing: (_, config) => [config],
};

const lines = (text: string) => text.trim().split('\n');

describe('what commands print of hostile text', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let config: string;
  let url: string;
  before(async () => {
    const home = held.use(await tempDir('terminal'));
    config = join(home.path, 'config.yml');
    await writeFile(
      config,
      stringify({
        version: 0.1,
        log: { fields: { where: HOSTILE } },
        storage: { filesystem: { rootdirectory: join(home.path, 'store') } },
        http: { addr: '127.0.0.1:5000' },
        auth: { htpasswd: { realm: 'tests', path: join(home.path, 'htpasswd') } },
        audit: { enabled: true },
        access: { rules: [{ name: 'all', allow: ['pull'], subjects: ['everyone'] }] },
        notifications: { endpoints: [{ name: 'hook', url: 'http://127.0.0.1:1/' }] },
      }),
    );
    await writeFile(join(home.path, 'htpasswd'), '');
    await mkdir(join(home.path, 'store'));
    await fillStore(config);
    const server = await startHostileService();
    held.defer(() => void server.close());
    url = server.url;
  });
  after(() => held.disposeAsync());

  const program = () => {
    const made = new CliCommand('roadstead');
    for (const add of [
      addRemoteCommands,
      addStoreCommands,
      addRobotCommands,
      addCredentialCommands,
      addAccessCommands,
    ])
      add(made);
    return made;
  };

  /** What a command writes, in this process: there are many. */
  async function outputOf([command, from, args = []]: Case, more: readonly string[] = []) {
    const last = LAST[from](url, config);
    const written: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
    const real = { stdout: process.stdout.write, stderr: process.stderr.write };
    const { exitCode } = process;
    for (const name of ['stdout', 'stderr'] as const)
      process[name].write = (text: string | Uint8Array) => {
        written[name] += String(text);
        return true;
      };
    try {
      const words = [...command.split(' '), ...more, ...args, ...last];
      await program().parseAsync(words, { from: 'user' }).catch(printFailure);
    } finally {
      process.stdout.write = real.stdout;
      process.stderr.write = real.stderr;
      process.exitCode = exitCode;
    }
    return written;
  }

  it('is tried with every command', () => {
    /** Groups of commands do nothing themselves, unless they take options. */
    const namesOf = (command: CliCommand['commands'][number], before = ''): string[] => {
      const name = `${before}${command.name()}`;
      const below = command.commands.flatMap((each) => namesOf(each, `${name} `));
      return below.length === 0 || command.options.length > 0 ? [name, ...below] : below;
    };
    const all = program().commands.flatMap((each) => namesOf(each));
    expect([...CASES.map(([command]) => command), ...LEFT_OUT]).to.have.members(all);
  });

  for (const each of CASES)
    it(`has no control characters: ${each[0]}`, async () => {
      const [command, from] = each;
      const { stdout, stderr } = await outputOf(each);
      for (const text of [stdout, stderr]) {
        expect(text).not.to.match(UNPRINTABLE);
        expect(text, 'a line of its own').not.to.match(/^forged/m);
      }
      if (from !== 'nothing') expect(stdout + stderr).to.include('forged');
      if (from !== 'service' && from !== 'store') return;
      const json = await outputOf(each, ['--json']);
      for (const text of [json.stdout, json.stderr]) expect(text).not.to.match(UNPRINTABLE);
      const values = command === 'promote' || command === 'audit' ? lines(json.stdout) : [json.stdout];
      const parsed = JSON.stringify(values.map((text) => JSON.parse(text) as unknown));
      // The configuration's values are shown as they would be written, in quotes.
      const shown = command === 'config check' ? JSON.stringify(HOSTILE) : HOSTILE;
      expect(parsed, 'exactly').to.include(JSON.stringify(shown).slice(1, -1));
    });

  it('is clean from a process of its own, too, when it fails', async () => {
    const args = [...CLI, 'promote', 'candidate/a:1', 'a:1', '--server', url];
    const { stdout, stderr } = await run(process.execPath, args, { allowFailure: true });
    for (const text of [stdout, stderr]) {
      expect(text).not.to.match(UNPRINTABLE);
      expect(text)
        .to.include('forged')
        .and.not.to.match(/^forged/m);
    }
  });

  it('reads back as it was, whatever the JSON is', () => {
    const value = { [HOSTILE]: [HOSTILE, '\\u001b', '\ud800', '😀', 'ä'] };
    for (const indent of [undefined, 2]) {
      const json = printableJson(value, indent);
      expect(json).not.to.match(UNPRINTABLE);
      expect(JSON.parse(json)).to.deep.equal(value);
      expect(json).to.include('😀');
    }
  });

  it('is cleaned in one place: nothing else writes to a terminal', async () => {
    const files = await readdir(COMMANDS, { recursive: true });
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const text = await readFile(join(COMMANDS, file), 'utf8');
      // Before any other import, so by itself: it prints nothing that others wrote.
      if (file !== 'table.ts' && file !== 'runtime-version.ts')
        expect(text, file).not.to.match(/process\.std(?:out|err)\.write|console\./);
      if (file !== 'spinner.ts') expect(text, file).not.to.match(/from 'ora'/);
    }
  });
});
