import { partPrefix } from '../storage/layout-read.ts';
import { type Area, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

/** By default Distribution's purger takes uploads of this age for given up. */
const FORGOTTEN_MS = 7 * 24 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const OBJECT =
  /^(?:startedat|data|hashstates\/[^/]+\/\d+|_roadstead\/(?:parts\/\d{16}\.(?:json|[0-9a-f-]{36}\.claim)|bytes\/[0-9a-f-]{36}))$/;

/** Uploads that were neither closed nor cancelled. */
export async function* checkUploads(area: Area): AsyncGenerator<Finding> {
  const { reader } = area.scope;
  const prefix = partPrefix(area.name, '_uploads');
  yield* reader.each(reader.below(prefix), async (key) => {
    const id = key.slice(prefix.length, -1);
    return ID.test(id) && key.endsWith('/') ? checkUpload(area, key, id) : [strayFinding(key, area.name)];
  });
}

async function checkUpload(area: Area, prefix: string, upload: string): Promise<Finding[]> {
  const { reader, now } = area.scope;
  const findings: Finding[] = [];
  let objects = 0;
  for await (const key of reader.keys(prefix)) {
    objects++;
    if (!OBJECT.test(key.slice(prefix.length))) findings.push(strayFinding(key, area.name));
  }
  // Closed or cancelled since.
  if (objects === 0) return [];
  const place = { key: prefix, repository: area.name, upload };
  const startedAt = await readStart(area, `${prefix}startedat`);
  if (startedAt === undefined)
    return [...findings, finding('upload-start-unknown', place, 'It is unknown when the upload began')];
  const ageMs = now.getTime() - startedAt;
  const meaning = `The upload began ${new Date(startedAt).toISOString()}, ${Math.floor(ageMs / DAY_MS)} days ago`;
  return [
    ...findings,
    finding(ageMs > FORGOTTEN_MS ? 'upload-forgotten' : 'upload-under-way', place, meaning),
  ];
}

async function readStart({ scope: { reader } }: Area, key: string): Promise<number | undefined> {
  const bytes = await reader.read(key, 1024);
  if (bytes === undefined || bytes === 'too-large') return undefined;
  const text = bytes.toString('utf8').trim();
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
