/** Promise: an option takes its own value, and never an argument behind it; what is given as a time has a ceiling. */
import { expect } from 'chai';
import type { Command } from 'commander';
import { addAccessCommands } from '../../services/cli/access-commands.ts';
import { CliCommand } from '../../services/cli/command.ts';
import { addCredentialCommands } from '../../services/cli/credential-commands.ts';
import { addRemoteCommands } from '../../services/cli/remote-commands.ts';
import { addRobotCommands } from '../../services/cli/robot-commands.ts';
import { addStoreCommands } from '../../services/cli/store-commands.ts';

/** Every command, with those below it; none does anything when it is parsed. */
function commands(): Command[] {
  const program = new CliCommand('roadstead');
  addRemoteCommands(program);
  addStoreCommands(program);
  addRobotCommands(program);
  addCredentialCommands(program);
  addAccessCommands(program);
  const found: Command[] = [program];
  for (const command of found) found.push(...command.commands);
  for (const command of found) {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    command.action(() => undefined);
  }
  return found;
}

function parse(...argv: string[]): Command {
  const all = commands();
  const [program] = all;
  if (program === undefined) throw new Error('there are no commands');
  let ran: Command | undefined;
  program.hook('preAction', (_, command) => {
    ran = command;
  });
  program.parse(argv, { from: 'user' });
  if (ran === undefined) throw new Error('no command ran');
  return ran;
}

/** Why commander refuses a command line. */
function refusal(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    return (error as Error).message;
  }
  return 'it was accepted';
}

describe('options of commands', () => {
  it('take one value at most, whatever the command', () => {
    const all = commands();
    expect(all.length).to.be.greaterThan(30);
    for (const command of all)
      for (const option of command.options)
        expect(option.variadic, `${command.name()} ${option.flags}`).to.equal(false);
    expect(() => new CliCommand('x').option('--group <name...>', 'several')).to.throw('let it be repeated');
  });

  it('leave the configuration file behind them to the command', () => {
    for (const [words, option, value] of [
      [['robots', 'create', 'evil', '--group', 'builders'], 'group', ['builders']],
      [['robots', 'create', 'evil', '--group', 'a', '--group', 'b'], 'group', ['a', 'b']],
      [['check', '--repository', 'a/b', '--repository', 'c'], 'repository', ['a/b', 'c']],
      [['config', 'check', '--part', 'api', '--part', 'sync'], 'part', ['api', 'sync']],
    ] as const) {
      const command = parse(...words, 'file.yml');
      expect(command.processedArgs.at(-1), words.join(' ')).to.equal('file.yml');
      expect(command.opts()[option], words.join(' ')).to.deep.equal(value);
    }
  });

  it('do not take another option for their value', () => {
    for (const words of [
      ['robots', 'create', 'x', '--group', '--json'],
      ['robots', 'create', 'x', '--description', '--expires', '720h'],
      ['robots', 'create', 'x', '--group', '--help'],
      ['config', 'check', '--part', '--json'],
      ['notifications', '--retry-dead', '--json'],
    ])
      expect(refusal(...words, 'file.yml'), words.join(' ')).to.match(/argument missing|expected one of/);
  });

  it('that are durations have a ceiling of ten years', () => {
    for (const words of [
      ['robots', 'create', 'x', '--expires'],
      ['robots', 'rotate', 'x', '--expires'],
      ['robots', 'rotate', 'x', '--keep-old'],
      ['keys', 'rotate', '--after'],
      ['gc', 'run', '--timeout'],
      ['garbage-collect', '--grace'],
      ['promote', 'a:1', 'b:1', '--timeout'],
    ]) {
      expect(refusal(...words, '87601h'), words.join(' ')).to.include('ten years');
      expect(refusal(...words, '87600h'), words.join(' ')).to.equal('it was accepted');
    }
    expect(refusal('gc', 'run', '--timeout', '999999999')).to.include('ten years');
  });
});
