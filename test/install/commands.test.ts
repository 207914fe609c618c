/** Promise: the shells complete what the commands take, and every command has a manual page without a fault. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeFromCommands } from '../../infra/build/from-commands.ts';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

requires(['bash', 'zsh', 'fish', 'mandoc'])('what is made from the commands', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let home: string;
  const at = (path: string) => join(home, path);

  before(async () => {
    home = held.use(await tempDir('commands')).path;
    await writeFromCommands(home, { version: '1.2.3', arch: 'x64', epochSeconds: 1_700_000_000 });
    await writeFile(at('config-here.yml'), '');
  });
  after(() => held.disposeAsync());

  it('is what roadstead completion prints', async () => {
    const { stdout } = await run(process.execPath, [...CLI, 'completion', 'bash']);
    expect(stdout).to.include('complete -F _roadstead roadstead').and.include('mirrors doctor');
  });

  it('completes commands, options and files in bash', async () => {
    const script = `source bash-completion/completions/roadstead
      at() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _roadstead; echo "\${COMPREPLY[*]}"; }
      at roadstead prom; at roadstead mirrors doc; at roadstead promote --cac; at roadstead serve config-h; at roadstead completion z`;
    const { stdout } = await run('bash', ['-c', script], { cwd: home });
    expect(stdout.split('\n').slice(0, 5)).to.deep.equal([
      ...['promote', 'doctor', '--cacert', 'config-here.yml', 'zsh'],
    ]);
  });

  it('completes them in fish', async () => {
    const lines = ['prom', 'mirrors doc', 'promote --cac', 'serve config-h', 'completion z'];
    const script = lines.map((line) => `complete -C "roadstead ${line}"`).join('; ');
    const source = 'source fish/vendor_completions.d/roadstead.fish';
    const { stdout } = await run('fish', ['-c', `${source}; ${script}`], { cwd: home, env: { HOME: home } });
    const words = stdout.split('\n').map((line) => line.split('\t')[0]);
    expect(words.slice(0, 5)).to.deep.equal(['promote', 'doctor', '--cacert', 'config-here.yml', 'zsh']);
  });

  it('completes them in zsh', async () => {
    // A shell at a terminal: zsh completes only there. It prints the line that a Tab has made.
    const script = `zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z 'PROMPT="%%>"; autoload -Uz compinit; compinit -u -D; source zsh/site-functions/_roadstead; print REA""DY'
      zpty -r -m z line '*READY*%>*'
      for typed in 'prom' 'mirrors doc' 'promote --cac' 'serve config-h' 'completion z'; do
        zpty -n -w z $'\\x15'"roadstead $typed"$'\\t'"#END"
        zpty -r -m z line '*#END*'; print -r -- "$line"
      done`;
    const { stdout } = await run('zsh', ['-f', '-c', script], { cwd: home, env: { TERM: 'dumb' } });
    for (const made of ['promote', 'doctor', '--cacert', 'config-here.yml', 'zsh'])
      expect(stdout).to.include(made);
  });

  it('has manual pages that mandoc finds no fault with', async () => {
    const pages = await readdir(at('man/man1'));
    expect(pages).to.include.members(['roadstead.1', 'roadstead-promote.1', 'roadstead-mirrors-doctor.1']);
    const files = pages.map((page) => at(`man/man1/${page}`));
    const { stdout } = await run('mandoc', ['-T', 'lint', '-W', 'warning', ...files], { allowFailure: true });
    expect(stdout).to.equal('');
  });
});
