/** A process that delivers, to be killed: `program.ts ROOT ENDPOINT-AS-JSON`. */
import { Metrics } from '../../services/http/metrics.ts';
import type { EndpointConfig } from '../../services/registry/notifications/endpoint.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { startDeliveries } from '../../services/sync/notify/start.ts';

const [rootDirectory = '', endpoint = ''] = process.argv.slice(2);
const objects = await FilesystemStore.open({ rootDirectory, sync: false });
const quiet = { info() {}, warn() {}, error() {} };
const config = { includereferences: false, endpoints: [JSON.parse(endpoint) as EndpointConfig] };
startDeliveries(config, objects, new Metrics(), quiet);
process.stdout.write('delivering\n');
// Nothing else keeps this process.
setInterval(() => undefined, 60_000);
