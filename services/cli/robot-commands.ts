import type { Command } from 'commander';
import { DEFAULT_CONFIG, duration } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Commands of robots: accounts of build systems, whose secrets this registry issues itself. */
export function addRobotCommands(program: Command): void {
  const robots = program
    .command('robots')
    .description('accounts of build systems: create, list, rotate and revoke them');
  const load = () => import('./commands/robots.ts');
  robots
    .command('create')
    .argument('<name>', 'such as ci; it logs in as robot+ci')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--group <name...>', 'groups of the robot, for rules', [])
    .option('--description <text>', 'what it is for')
    .option('--expires <duration>', 'how long its secret is valid, such as 720h', duration)
    .option('--json', 'answer in JSON', false)
    .description('create a robot and show its secret, only this once')
    .action(async (name: string, config: string, options) => {
      const { robotsCreateCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) =>
        robotsCreateCommand(objects, audit, name, options),
      );
    });
  robots
    .command('list')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('show all robots, including revoked ones')
    .action(async (config: string, options) => {
      const { robotsListCommand } = await load();
      await withStore(config, 'only-read', (objects) => robotsListCommand(objects, options));
    });
  robots
    .command('rotate')
    .argument('<name>', 'such as ci')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--keep-old <duration>', 'how long its old secrets stay valid, such as 1h', duration, 0)
    .option(
      '--expires <duration>',
      'how long the new secret is valid (default: as long as the last one)',
      duration,
    )
    .option('--json', 'answer in JSON', false)
    .description('give a robot a new secret and show it, only this once')
    .action(async (name: string, config: string, options) => {
      const { robotsRotateCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) =>
        robotsRotateCommand(objects, audit, name, options),
      );
    });
  robots
    .command('revoke')
    .argument('<name>', 'such as ci')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description('revoke a robot; its tokens stay valid until they expire')
    .action(async (name: string, config: string) => {
      const { robotsRevokeCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) => robotsRevokeCommand(objects, audit, name));
    });
}
