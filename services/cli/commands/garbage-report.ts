import { firstDigests } from '../../registry/audit/digests.ts';
import type { GarbagePlan } from '../../registry/garbage/offline/plan.ts';
import { formatBytes } from '../../registry/runtime/format-bytes.ts';
import type { JsonOption } from '../command.ts';
import { print, printJson, table } from '../table.ts';

export interface ReportOptions extends JsonOption {
  readonly dryRun: boolean;
  /** Do not print a line for each deleted object. */
  readonly quiet: boolean;
}

/** What goes from repositories, and the heading of its column. */
const KINDS = {
  manifests: 'MANIFESTS',
  history: 'TAG HISTORY',
  referrers: 'REFERRERS',
  layers: 'BLOB LINKS',
} as const;
const KIND_NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[];

/** Prints what goes: with Distribution's words for each thing, then a table, then a line for the blobs that stay. */
export function showPlan(plan: GarbagePlan, { dryRun, quiet, json }: ReportOptions): void {
  if (json) {
    showJson(plan, dryRun, quiet);
    return;
  }
  const { repositories, blobs } = plan;
  if (!quiet) for (const line of eligible(plan)) print(line);
  if (repositories.length > 0) {
    const rows = repositories.map((each) => [
      each.name,
      ...KIND_NAMES.map((kind) => String(each[kind].length)),
    ]);
    print(...table([['REPOSITORY', ...Object.values(KINDS)], ...rows]));
  }
  print(
    `${blobs.inUse} blobs marked, ${blobs.toDelete.size} blobs (${formatBytes(blobs.bytesToDelete)}) and ` +
      `${sumsOf(plan).manifests} manifests ${dryRun ? 'eligible for deletion; a dry run: nothing was deleted' : 'to be deleted'}`,
  );
  const { young, published } = blobs;
  if (young.blobs > 0)
    print(`kept: ${young.blobs} blobs (${formatBytes(young.bytes)}) that are too young to be called garbage`);
  if (published.blobs > 0)
    print(
      `kept: ${published.blobs} blobs (${formatBytes(published.bytes)}) that no repository refers to, ` +
        'but that were published: mirrors may serve them',
    );
}

function showJson(plan: GarbagePlan, dryRun: boolean, quiet: boolean): void {
  const { repositories, blobs } = plan;
  if (!quiet) {
    for (const repository of repositories) printJson(repository);
    for (const [digest, sizeBytes] of blobs.toDelete.entries()) printJson({ blob: digest, sizeBytes });
  }
  const { toDelete, bytesToDelete, ...kept } = blobs;
  const summary = { dryRun, ...sumsOf(plan), blobs: toDelete.size, bytes: bytesToDelete, kept };
  printJson({ summary });
}

/** What goes, for the audit record. */
export function detailsOf(plan: GarbagePlan) {
  const { toDelete, bytesToDelete } = plan.blobs;
  const digests = toDelete.entries().map(([digest]) => digest);
  return { ...sumsOf(plan), blobs: toDelete.size, bytes: bytesToDelete, digests: firstDigests(digests) };
}

function sumsOf({ repositories }: GarbagePlan) {
  const sumOf = (kind: keyof typeof KINDS) => repositories.reduce((sum, each) => sum + each[kind].length, 0);
  return Object.fromEntries(KIND_NAMES.map((kind) => [kind, sumOf(kind)])) as Record<
    keyof typeof KINDS,
    number
  >;
}

function* eligible({ repositories, blobs }: GarbagePlan): Generator<string> {
  for (const { name, manifests } of repositories)
    for (const digest of manifests) yield `${name}: manifest eligible for deletion: ${digest}`;
  for (const [digest] of blobs.toDelete.entries()) yield `blob eligible for deletion: ${digest}`;
}
