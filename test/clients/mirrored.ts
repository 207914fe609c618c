import { join } from 'node:path';
import type { Status } from '../../services/release/schemas.ts';
import type { ImageLayout, Platform } from '../support/image-layout.ts';
import { type NginxMirror, startNginxMirror } from '../support/nginx-mirror.ts';
import type { MirrorEntry, TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

/** Smaller blobs are not worth a redirect: the registry answers them itself. */
const REDIRECTED_FROM_BYTES = 64 * 1024;
/** The one that clients on this machine pull. */
const PLATFORM: Platform = process.arch === 'arm64' ? 'arm64' : 'amd64';
/** Mirrors that run, and what the configuration of their registry says of them. */
export interface Mirrors {
  readonly mirrors: readonly NginxMirror[];
  readonly entries: readonly MirrorEntry[];
}

/** Starts empty mirrors for the registry on a port of this machine; they end with the stack. */
export async function startMirrors(
  held: AsyncDisposableStack,
  names: readonly string[],
  registryPort: number,
): Promise<Mirrors> {
  const mirrors: NginxMirror[] = [];
  const entries: MirrorEntry[] = [];
  for (const name of names) {
    const mirror = await startNginxMirror({
      root: join(held.use(await tempDir('mirror')).path, 'root'),
      originUrl: `http://127.0.0.1:${registryPort}`,
    });
    mirrors.push(held.use(mirror));
    entries.push({ name, url: mirror.url, sameoperator: true, write: { webdav: mirror.davUrl } });
  }
  return { mirrors, entries };
}

/** Whether a line of a mirror's access log is about a client's request, and not about the sync worker's. */
export function isOfClient(line: string): boolean {
  return !/"roadstead-(?:reader|doctor)"/.test(line);
}

/** Lines of the mirrors' own access logs for what clients have asked them for. */
export async function clientLines(mirrors: readonly NginxMirror[]): Promise<string[]> {
  const lines = await Promise.all(mirrors.map((mirror) => mirror.accessLog()));
  return lines.flat().filter(isOfClient);
}

/** Where a mirror has a blob, below its root and its URL. */
export function pathOnMirror(digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return join('docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
}

/** The layers that a client on this machine has to get from a mirror. */
export function redirectedLayers(layout: ImageLayout): string[] {
  const large = layout.layers[PLATFORM].filter((layer) => layer.size > REDIRECTED_FROM_BYTES);
  return large.map((layer) => layer.digest);
}

/** What `roadstead status --json` shows. */
export async function statusOf(registry: TestRegistry): Promise<Status> {
  return (await (await fetch(`${registry.url}/api/v1/status`)).json()) as Status;
}
