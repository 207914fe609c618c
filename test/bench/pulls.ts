import { type BenchImage, CANDIDATE, STABLE, TAG } from './image.ts';
import type { CaseId } from './settings.ts';

/** A GET that is asked for as often as a server answers. */
export interface PullCase {
  readonly id: CaseId;
  readonly title: string;
  readonly path: string;
  readonly connections: number;
  /** Any of these says that the server did what is to be measured. */
  readonly statuses: readonly number[];
  /** Set where a run sees but a few whole answers, so that bytes have to be counted. */
  readonly bodyBytes?: number;
  /** The file with the answer's bytes, where they are too many to be kept in memory. */
  readonly file?: string;
}

/** The cases for an image; without a large blob, without that case. */
export function pullCases(image: BenchImage): PullCase[] {
  const blob = (repository: string, { digest }: { digest: string }) => `/v2/${repository}/blobs/${digest}`;
  const manifests = `/v2/${STABLE}/manifests`;
  const many = { connections: 64, statuses: [200] };
  const { manifest, layer, large } = image;
  const { config } = manifest;
  const cases: PullCase[] = [
    { ...many, id: 'manifest-by-tag', title: 'manifest by tag', path: `${manifests}/${TAG}` },
    {
      ...many,
      id: 'manifest-by-digest',
      title: 'manifest by digest',
      path: `${manifests}/${manifest.digest}`,
    },
    { ...many, id: 'blob-redirect', title: 'blob redirect', path: blob(STABLE, layer), statuses: [302, 307] },
    { ...many, id: 'small-blob', title: `blob of ${config.size} B`, path: blob(STABLE, config) },
  ];
  if (large)
    cases.push({
      ...many,
      id: 'large-blob',
      title: 'blob of 100 MB',
      path: blob(CANDIDATE, large),
      connections: 8,
      bodyBytes: large.size,
      file: image.fileOf(large),
    });
  return cases;
}
