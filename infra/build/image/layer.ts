import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { execute } from '../execute.ts';

const compress = promisify(gzip);

/** The user of the image's process: the number that distroless images use, too. */
export const USER = 65532;

/** A layer of an image. */
export interface Layer {
  /** What it is for, for people. */
  readonly title: string;
  /** Compressed. */
  readonly bytes: Buffer;
  /** Of the tar archive in it. */
  readonly diffId: string;
}

export interface LayerOptions {
  readonly title: string;
  /** What becomes the root of the file system. */
  readonly directory: string;
  /** Paths in it, without a leading slash, that the image's user owns; all else is root's. */
  readonly own?: readonly string[];
  /** The time of every file. */
  readonly epochSeconds: number;
  /** Whether the modes of files are what they should be; otherwise they are 644 or 755. */
  readonly keepModes?: boolean;
}

/** Packs a layer. Equal contents give equal bytes, on any machine with this Node and GNU tar. */
export async function packLayer({ title, directory, own = [], ...options }: LayerOptions): Promise<Layer> {
  const file = `${directory}.tar`;
  const pack = (mode: string, user: number, args: readonly string[]) =>
    execute('tar', [
      ...[mode, `--file=${file}`, `--directory=${directory}`, '--format=gnu', '--sort=name'],
      ...[`--mtime=@${options.epochSeconds}`, `--owner=${user}`, `--group=${user}`, '--numeric-owner'],
      ...(options.keepModes ? [] : ['--mode=u=rwX,go=rX']),
      ...args,
    ]);
  await pack('--create', 0, [...own.map((path) => `--exclude=./${path}`), '.']);
  for (const path of own) await pack('--append', USER, [`./${path}`]);
  const tar = await readFile(file);
  await rm(file);
  return { title, bytes: await compress(tar, { level: 6 }), diffId: digestOf(tar) };
}

export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
