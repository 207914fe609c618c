import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { artifacts } from '../support/artifacts.ts';
import { run } from '../support/process.ts';

const MAIN = join(import.meta.dirname, '../../infra/build/main.ts');
/** Most of it is the bundle, the packages and the compression of Node. */
const BUILD_MS = 180_000;

const Index = z.object({
  manifests: z.tuple([z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()) })]),
});
const Manifest = z.object({
  config: z.object({ digest: z.string() }),
  layers: z.array(z.object({ digest: z.string(), size: z.int() })),
  annotations: z.record(z.string(), z.string()),
});
const Config = z.object({
  created: z.string(),
  config: z.object({
    User: z.string(),
    Entrypoint: z.array(z.string()),
    Cmd: z.array(z.string()),
    Volumes: z.record(z.string(), z.object({})),
    Labels: z.record(z.string(), z.string()),
  }),
});

/** The image as `npm run build` made it. */
export class BuiltImage {
  /** What `docker load` takes. */
  readonly archive: string;

  private constructor(archive: string) {
    this.archive = archive;
  }

  /** The one that all tests of a run share. */
  static async shared(): Promise<BuiltImage> {
    const { image } = await artifacts(['image']);
    return new BuiltImage(image);
  }

  /** Builds into a directory; `env` is added to what the build sees. */
  static async build(out: string, env: Readonly<Record<string, string>> = {}): Promise<BuiltImage> {
    const args = [MAIN, '--only', 'image', '--out', out];
    const { stdout } = await run(process.execPath, args, { env, timeoutMs: BUILD_MS });
    return new BuiltImage(
      stdout
        .trim()
        .split('\n')
        .find((line) => line.endsWith('.tar')) ?? '',
    );
  }

  /** The image layout. */
  get directory(): string {
    return join(dirname(this.archive), 'image');
  }

  /** The version that it was given. */
  get version(): string {
    return /^roadstead-(.*)-image\.tar$/.exec(basename(this.archive))?.[1] ?? '';
  }

  /** Its name, such as `roadstead:1.2.3`. */
  get name(): string {
    return `roadstead:${this.version}`;
  }

  async index(): Promise<z.output<typeof Index>> {
    return Index.parse(JSON.parse(await readFile(join(this.directory, 'index.json'), 'utf8')));
  }

  async manifest(): Promise<z.output<typeof Manifest>> {
    const [{ digest }] = (await this.index()).manifests;
    return Manifest.parse(JSON.parse(await readFile(this.#blob(digest), 'utf8')));
  }

  async config(): Promise<z.output<typeof Config>> {
    const { config } = await this.manifest();
    return Config.parse(JSON.parse(await readFile(this.#blob(config.digest), 'utf8')));
  }

  /** A line of `tar --list --verbose` for each file of all layers. */
  async files(): Promise<string[]> {
    const { layers } = await this.manifest();
    const listed = await Promise.all(
      layers.map(({ digest }) =>
        run('tar', ['--list', '--verbose', '--gzip', '--numeric-owner', '--file', this.#blob(digest)]),
      ),
    );
    return listed.flatMap(({ stdout }) => stdout.split('\n').filter(Boolean));
  }

  #blob(digest: string): string {
    return join(this.directory, 'blobs', digest.replace(':', '/'));
  }
}
