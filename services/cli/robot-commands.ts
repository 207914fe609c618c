import { duration, durationOrZero, gather } from './arguments.ts';
import type { CliCommand } from './command.ts';

/** Commands of robots: accounts of build systems, whose secrets this registry issues itself. */
export function addRobotCommands(program: CliCommand): void {
  const robots = program.subcommand(
    'robots',
    'accounts of build systems: create, list, rotate and revoke them',
  );
  const load = () => import('./commands/robots.ts');
  robots
    .subcommand('create', 'create a robot and show its secret, only this once')
    .argument('<name>', 'such as ci; it logs in as robot+ci')
    .option('--group <name>', 'a group of the robot, for rules; may be repeated', gather, [])
    .option('--description <text>', 'what it is for')
    .option('--expires <duration>', 'how long its secret is valid, such as 720h; at most ten years', duration)
    .withJson()
    .overStore('write', load, (code, { objects, audit, argument, options }) =>
      code.robotsCreateCommand(objects, audit, argument, options),
    );
  robots
    .subcommand('list', 'show all robots, including revoked ones')
    .withJson()
    .overStore('only-read', load, (code, { objects, options }) => code.robotsListCommand(objects, options));
  robots
    .subcommand('rotate', 'give a robot a new secret and show it, only this once')
    .argument('<name>', 'such as ci')
    .option('--keep-old <duration>', 'how long its old secrets stay valid, such as 1h', durationOrZero, 0)
    .option(
      '--expires <duration>',
      'how long the new secret is valid (default: as long as the last one)',
      duration,
    )
    .withJson()
    .overStore('write', load, (code, { objects, audit, argument, options }) =>
      code.robotsRotateCommand(objects, audit, argument, options),
    );
  robots
    .subcommand('revoke', 'revoke a robot; its tokens stay valid until they expire')
    .argument('<name>', 'such as ci')
    .overStore('write', load, (code, { objects, audit, argument }) =>
      code.robotsRevokeCommand(objects, audit, argument),
    );
}
