/** `roadstead check` over a directory: `program.ts ROOT OPTIONS-AS-JSON`. */
import { type CheckCommandOptions, checkCommand } from '../../services/cli/commands/check.ts';
import { COMPLETE } from '../../services/registry/oci/manifest-rules.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';

const [rootDirectory = '', options = '{}'] = process.argv.slice(2);
const objects = await FilesystemStore.open({ rootDirectory, sync: false });
const defaults: CheckCommandOptions = { deep: false, json: false };
await checkCommand(objects, COMPLETE, {
  ...defaults,
  ...(JSON.parse(options) as Partial<CheckCommandOptions>),
});
