import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const PackageJson = z.looseObject({ name: z.string(), version: z.string() });
const PACK_MS = 120_000;

/** An address for npm's option `--registry`. */
export interface NpmRegistry extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves packages that `npm ci` has put into this clone to npm, so that a test needs no network. A package that this clone
 * does not have is answered with 404, as by any registry.
 */
export async function openNpmRegistry(names: readonly string[]): Promise<NpmRegistry> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('npm-registry')).path;
  const bodies = new Map<string, Buffer>();
  const server = createServer(({ url = '' }, response) => {
    const body = bodies.get(url);
    response.writeHead(body ? 200 : 404).end(body ?? '{"error": "not found"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  held.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  for (const name of names) {
    const described = PackageJson.parse(
      JSON.parse(await readFile(join(MODULES, name, 'package.json'), 'utf8')),
    );
    const { version } = described;
    const packed = await pack(join(MODULES, name), join(home, `${name}.tgz`));
    const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`;
    const tarball = `/${name}/-/${name}-${version}.tgz`;
    const versions = { [version]: { ...described, dist: { tarball: `${url}${tarball}`, integrity } } };
    const packument = { name, 'dist-tags': { latest: version }, versions };
    bodies.set(tarball, packed).set(`/${name}`, Buffer.from(JSON.stringify(packument)));
  }
  const owned = held.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** As `npm pack` does, but loosely: tight compression of a Node takes a processor's ten seconds. */
async function pack(directory: string, file: string): Promise<Buffer> {
  const args = ['--create', `--file=${file}`, `--directory=${directory}`, '--use-compress-program=gzip -1'];
  await run('tar', [...args, '--transform=s,^\\.,package,', '.'], { timeoutMs: PACK_MS });
  return readFile(file);
}
