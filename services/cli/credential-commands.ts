import type { Command } from 'commander';
import { DEFAULT_CONFIG } from './arguments.ts';
import { withStore } from './with-store.ts';

/** The credentials that people got by logging in in a browser. */
export function addCredentialCommands(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('what people got by logging in in a browser: list and revoke');
  const load = () => import('./commands/credentials.ts');
  credentials
    .command('list')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('show who has any, and until when')
    .action(async (config: string, options) => {
      const { credentialsListCommand } = await load();
      await withStore(config, 'only-read', (objects) => credentialsListCommand(objects, options));
    });
  credentials
    .command('revoke')
    .argument('<name>', 'such as alice')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description('end all that somebody has; tokens go on until they end')
    .action(async (name: string, config: string) => {
      const { credentialsRevokeCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) => credentialsRevokeCommand(objects, audit, name));
    });
}
