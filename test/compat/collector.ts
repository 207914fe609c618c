import type { Distribution } from '../support/distribution.ts';

/** What a Distribution's garbage collector would take. */
export interface Doomed {
  readonly blobs: ReadonlySet<string>;
  readonly manifests: ReadonlySet<string>;
  /** Links that say that a repository has a blob; 2.8 leaves them all. */
  readonly layerLinks: ReadonlySet<string>;
}

/** Asks its collector what it would take, without letting it: `garbage-collect --dry-run`. */
export async function askCollector(distribution: Distribution, ...options: string[]): Promise<Doomed> {
  const output = await distribution.collectGarbage('--dry-run', ...options);
  // Without this line it has not come to its end.
  if (!/^\d+ blobs marked, /m.test(output)) throw new Error(`the collector's output has changed:\n${output}`);
  const named = (pattern: RegExp) => new Set([...output.matchAll(pattern)].map((match) => match[1] ?? ''));
  return {
    blobs: named(/^blob eligible for deletion: (\S+)/gm),
    // 2.8 prints the digest, 3 a whole struct.
    manifests: named(/^manifest eligible for deletion: (?:\{\S+ )?(sha\d+:[0-9a-f]+)/gm),
    layerLinks: named(/layer link eligible for deletion: (\S+)/gm),
  };
}
