import type { Release } from './release.ts';

/** What an artifact is made from, and where it goes. */
export interface Build {
  readonly release: Release;
  /** Where finished artifacts go. */
  readonly out: string;
  /** An empty directory for this artifact alone; removed afterwards. */
  readonly work: string;
}

/** Makes one kind of artifact; returns the paths of its files. */
export type MakeArtifact = (build: Build) => Promise<readonly string[]>;
