import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { hexOf } from '../support/digest.ts';

/** Where Distribution keeps everything, below the root of the store. */
export const DISTRIBUTION_ROOT = 'docker/registry/v2';

/** Paths of all files below a directory, relative to it, sorted. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/** Whether a file of a repository is one that Distribution knows: its walkers skip what is ours. */
export function isOfDistribution(file: string): boolean {
  return !/(?:^|\/)_roadstead\//.test(file);
}

/** Every file below a directory with its content, to be compared with a later look. */
export async function contentBelow(directory: string): Promise<Record<string, string>> {
  const files = await filesBelow(directory);
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file, (await readFile(join(directory, file))).toString('base64')]),
    ),
  );
}

/** The path of a blob's or a manifest's bytes. */
export function blobPath(digest: string): string {
  const hex = hexOf(digest);
  return `${DISTRIBUTION_ROOT}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
}

/** The path of the link that says that a repository has a blob. */
export function layerLink(name: string, digest: string): string {
  return `${DISTRIBUTION_ROOT}/repositories/${name}/_layers/sha256/${hexOf(digest)}/link`;
}

/** The path of the link that says that a repository has a manifest. */
export function revisionLink(name: string, digest: string): string {
  return `${DISTRIBUTION_ROOT}/repositories/${name}/_manifests/revisions/sha256/${hexOf(digest)}/link`;
}

/** The paths of the links that a tag is made of, when it has named these manifests. */
export function tagLinks(name: string, tag: string, digests: readonly string[]): string[] {
  const root = `${DISTRIBUTION_ROOT}/repositories/${name}/_manifests/tags/${tag}`;
  return [`${root}/current/link`, ...digests.map((digest) => `${root}/index/sha256/${hexOf(digest)}/link`)];
}
