import type { Release } from './release.ts';

/** Answers for the packages. */
export const MAINTAINER = 'The Roadstead maintainers <maintainers@roadstead.invalid>';
export const HOMEPAGE = 'https://github.com/roadstead/roadstead';
/** What packages say of themselves in one line. */
export const SUMMARY = 'container registry for distributing images at large scale';
/** What they say in full, a paragraph each, in lines that package managers show as they are. */
export const DESCRIPTION = [
  `Roadstead serves container images over the API of the OCI distribution
specification. Build systems push candidates; release engineers promote
them to stable; every promotion is published to mirrors near the clients.`,
  `The store is a directory, a bucket of S3, or a container of OpenStack
Swift, in the layout of CNCF Distribution (docker-registry), which may
read and write it as well.`,
  'The package brings the Node.js that it runs on.',
] as const;

/**
 * A semantic version as Debian and RPM order them: `1.0.0~rc.1` comes before `1.0.0`, and a dash would begin the number of
 * the package.
 */
export function packageVersion({ version }: Release): string {
  return version.replace('-', '~').replaceAll('-', '.');
}
