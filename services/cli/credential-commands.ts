import type { Command } from 'commander';
import { DEFAULT_CONFIG } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Commands of the credentials that people got by logging in with a browser. */
export function addCredentialCommands(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('credentials that people got by logging in with a browser: list and revoke them');
  const load = () => import('./commands/credentials.ts');
  credentials
    .command('list')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('show who has credentials, and until when')
    .action(async (config: string, options) => {
      const { credentialsListCommand } = await load();
      await withStore(config, 'only-read', (objects) => credentialsListCommand(objects, options));
    });
  credentials
    .command('revoke')
    .argument('<name>', 'such as alice')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description('revoke all credentials of a user; existing tokens stay valid until they expire')
    .action(async (name: string, config: string) => {
      const { credentialsRevokeCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) => credentialsRevokeCommand(objects, audit, name));
    });
}
