import { durationIn } from './arguments.ts';
import type { CliCommand } from './command.ts';

/** Commands of the garbage collection that runs during pushes. */
export function addGcCommands(program: CliCommand): void {
  const gc = program.subcommand('gc', 'garbage collection during pushes');
  const load = () => import('./commands/gc.ts');
  gc.subcommand('status', "show the collector's status; exit code 2 if the last run failed")
    .withJson('print JSON')
    .overStore('only-read', load, (code, { objects, options }) => code.gcStatusCommand(objects, options));
  gc.subcommand('run', 'ask the worker for a cycle now, and wait for its end')
    .withJson('print JSON')
    .option('--timeout <duration>', 'how long to wait for its end (default: 1h)', durationIn('seconds'))
    .overStore('write', load, (code, { objects, audit, options: { json, timeout = 3_600_000 } }) =>
      code.gcRunCommand(objects, audit, { json, timeoutMs: timeout }),
    );
  gc.subcommand('dry-run', 'show what a cycle would do; changes nothing')
    .withJson('print JSON')
    .overStore('only-read', load, (code, { objects, settings, options }) => {
      const { grace, quarantine, deleteuntagged } = settings.garbagecollection;
      const collection = { graceMs: grace, quarantineMs: quarantine, deleteUntagged: deleteuntagged };
      return code.gcDryRunCommand(objects, collection, options);
    });
  gc.subcommand('restore', 'take a blob out of quarantine')
    .argument('<digest>', 'a blob that is in quarantine')
    .overStore('write', load, (code, { objects, audit, argument }) =>
      code.gcRestoreCommand(objects, audit, argument),
    );
}
