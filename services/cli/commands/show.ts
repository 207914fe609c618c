import { formatBytes } from '../../registry/runtime/format-bytes.ts';
import type { MirrorLine } from '../../release/schemas.ts';
import type { ReleaseClient } from '../release-client.ts';
import { fail, print, printJson, printTable } from '../table.ts';

/** Shows the publication log, newest first. */
export async function publicationsCommand(
  client: ReleaseClient,
  limit: number,
  json: boolean,
): Promise<void> {
  const answer = await client.publications(limit);
  if (json) return printJson(answer, 2);
  const rows = answer.publications.map((entry) => {
    const blobs = Object.values(entry.collections).flat();
    const sizeBytes = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
    return [
      String(entry.seq),
      entry.time,
      entry.actor,
      `${entry.target.repository}:${entry.target.tag}`,
      entry.source ? `${entry.source.repository} ${entry.source.reference}` : '-',
      entry.manifestDigest.slice(0, 19),
      `${blobs.length}, ${formatBytes(sizeBytes)}`,
    ];
  });
  const headings = ['SEQ', 'TIME', 'ACTOR', 'TARGET', 'SOURCE', 'MANIFEST', 'NEW BLOBS'];
  const none =
    answer.head === 0
      ? 'nothing has been published yet'
      : `nothing of ${answer.head} publications is visible with this login: it shows what goes into repositories that the login may pull from`;
  printTable(headings, rows, none);
  if (answer.damaged) fail(`cannot be read: ${answer.damaged.join(', ')}; run roadstead check`, 2);
}

/** Shows every mirror's watermark, lag and health, and in words what it lacks and why. */
export async function mirrorsCommand(client: ReleaseClient, json: boolean): Promise<void> {
  const answer = await client.mirrors();
  if (json) return printJson(answer, 2);
  showMirrors(answer.mirrors);
  for (const { notes } of answer.mirrors) print(...notes);
}

/** Shows everything at a glance. */
export async function statusCommand(client: ReleaseClient, json: boolean): Promise<void> {
  const answer = await client.status();
  if (json) printJson(answer, 2);
  else {
    print(`${answer.status}: roadstead ${answer.version}, ${answer.head} publications`);
    for (const problem of answer.problems) print(`  ${problem}`);
    showMirrors(answer.mirrors);
  }
  // For scripts, the exit code also says that the registry is degraded.
  if (answer.status !== 'ok') process.exitCode = 2;
}

/** Shows which server a client is sent to for a blob, and why. */
export async function explainCommand(
  client: ReleaseClient,
  repository: string,
  digest: string,
  options: { readonly client?: string; readonly json: boolean },
): Promise<void> {
  const answer = await client.explain(repository, digest, options.client);
  if (options.json) return printJson(answer, 2);
  print(answer.text);
  if (answer.decision?.kind === 'redirect') print(`  ${answer.decision.url}`);
  if (answer.blob)
    print(`  size ${formatBytes(answer.blob.sizeBytes)}, publication ${answer.publication ?? 'none'}`);
  for (const mirror of answer.mirrors)
    print(
      `  mirror ${mirror.name}: ${mirror.obstacle ?? 'can serve it'}${mirror.detail ? ` (${mirror.detail})` : ''}`,
    );
}

function showMirrors(mirrors: readonly MirrorLine[]): void {
  const rows = mirrors.map((mirror) => [
    mirror.name,
    mirror.healthy ? 'up' : 'down',
    String(mirror.watermark),
    String(mirror.lag),
    String(mirror.missing),
    mirror.url,
    mirror.reason ?? '',
  ]);
  const headings = ['MIRROR', 'HEALTH', 'WATERMARK', 'LAG', 'MISSING', 'URL', 'REASON'];
  printTable(headings, rows, 'no mirrors are configured');
}
