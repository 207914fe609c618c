/** The command by itself, over a directory: `command-program.ts ROOT CONFIG-AS-JSON [--json] [--retry-dead NAME]`. */
import { parseArgs } from 'node:util';
import { notificationsCommand, retryDeadCommand } from '../../services/cli/commands/notifications.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import type { NotificationsConfig } from '../../services/registry/notifications/endpoint.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, 'retry-dead': { type: 'string' } },
});
const [rootDirectory = '', config = ''] = positionals;
const notifications = JSON.parse(config) as NotificationsConfig;
await using objects = await FilesystemStore.open({ rootDirectory, sync: false });
const { json, 'retry-dead': name } = values;
if (name === undefined) await notificationsCommand(objects, notifications, { json });
else await retryDeadCommand(objects, NO_AUDIT, notifications, name, { json });
