import type { Journal } from './journal.ts';

/** What has to happen in two minutes at the least, or nothing was at stake; figures of a journal, added up. */
const FLOORS: readonly { readonly least: number; readonly of: readonly string[] }[] = [
  { least: 6, of: ['pushes'] },
  { least: 2, of: ['pushes of what was deleted'] },
  { least: 40, of: ['pulls'] },
  { least: 2, of: ['pushes by skopeo', 'deletes by skopeo', 'pulls by skopeo', 'pulls by podman'] },
  { least: 1, of: ['pulls of moving tags'] },
  { least: 3, of: ['promotions'] },
  { least: 4, of: ['manifests deleted', 'tags deleted'] },
  { least: 1, of: ['pushes of referrers'] },
  { least: 1, of: ['tags moved'] },
  { least: 3, of: ['blobs deleted by the collector', 'blobs uploaded anew after collection'] },
  { least: 2, of: ['nodes killed'] },
  { least: 1, of: ['nodes restarted', 'nodes frozen'] },
  { least: 1, of: ['workers killed'] },
  { least: 1, of: ['workers disturbed while they delete'] },
  { least: 1, of: ['Redis killed'] },
  { least: 1, of: ['Redis flushed'] },
  { least: 1, of: ['release services killed'] },
];
const OF_SECONDS = 120;

/** What has not happened often enough in a soak of so many seconds. */
export function lacking(journal: Journal, seconds: number): string[] {
  return FLOORS.flatMap(({ least, of }) => {
    const count = of.reduce((sum, what) => sum + journal.counted(what), 0);
    const wanted = Math.max(1, Math.floor((least * seconds) / OF_SECONDS));
    return count < wanted ? [`${of.join(' and ')}: ${count} of ${wanted}`] : [];
  });
}
