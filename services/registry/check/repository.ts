import { isSha256 } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { repositoryManifestsPrefix } from '../storage/layout.ts';
import { Area, type Scope, strayFinding } from './area.ts';
import type { Finding } from './finding.ts';
import { checkLinks, unusedLayerLinks } from './links.ts';
import { checkOwnRecords } from './referrers.ts';
import { checkTags } from './tags.ts';
import { checkTurns } from './turns.ts';
import { checkUploads } from './uploads.ts';

/** All of one repository. A fault is reported once, where it lies, and not again where it is missed. */
export async function* checkRepository(scope: Scope, name: RepositoryName): AsyncGenerator<Finding> {
  scope.reader.area = name;
  const area = new Area(scope, name);
  yield* checkLinks(area, 'layer');
  for await (const found of checkLinks(area, 'revision')) {
    if (found.kind === 'layer-without-data' && isReported(area, found)) continue;
    yield found;
  }
  yield* unusedLayerLinks(area);
  yield* checkTags(area);
  yield* checkTurns(area);
  yield* checkOwnRecords(area);
  yield* checkUploads(area);
  yield* checkRest(area);
}

/** Many manifests may need one blob. */
function isReported({ dataless }: Area, { digest }: Finding): boolean {
  if (digest === undefined || !isSha256(digest)) return false;
  const isReportedAlready = dataless.get(digest) === 1;
  dataless.set(digest, 1);
  return isReportedAlready;
}

async function* checkRest({ scope: { reader }, name }: Area): AsyncGenerator<Finding> {
  const prefix = repositoryManifestsPrefix(name);
  for await (const key of reader.below(prefix))
    if (!['revisions/', 'tags/'].includes(key.slice(prefix.length))) yield strayFinding(key, name);
}
