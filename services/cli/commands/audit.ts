import { printActor, readActor } from '../../registry/audit/actor.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import type { AuditEntry } from '../../registry/audit/entry.ts';
import type { Place } from '../../registry/audit/place.ts';
import { pruneAudit } from '../../registry/audit/prune.ts';
import { type AuditQuery, readAudit } from '../../registry/audit/read.ts';
import type { Sealer } from '../../registry/audit/seal.ts';
import { type Verification, verifyAudit } from '../../registry/audit/verify.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { recordLocal } from '../audit.ts';
import type { JsonOption } from '../command.ts';
import { Spinner } from '../spinner.ts';
import { fail, print, printJson, table } from '../table.ts';

const FAULTS_SHOWN = 20;
const PROGRESS_MS = 200;
/** Columns are aligned over this many lines. */
const ROWS_AT_ONCE = 50;

export interface AuditShowOptions extends Omit<AuditQuery, 'isByActor'>, JsonOption {
  readonly limit: number;
  readonly actor?: string;
}

/** Prints entries of the audit record, newest first. Exits with 2 when records that should be there cannot be read. */
export async function auditShowCommand(
  objects: ObjectStore,
  { limit, json, actor, ...query }: AuditShowOptions,
): Promise<void> {
  let shown = 0;
  let lost = 0;
  let rows: string[][] = [];
  const flush = () => {
    print(...table(rows));
    rows = [];
  };
  if (!json) rows.push(['TIME', 'ACTOR', 'FROM', 'ACTION', 'WHAT', 'RULE', 'MORE']);
  const isByActor = actor === undefined ? undefined : readActor(actor);
  for await (const entry of readAudit(objects, { ...query, isByActor })) {
    if ('lost' in entry) {
      lost++;
      continue;
    }
    if (json) printJson(entry);
    else rows.push(rowOf(entry));
    if (rows.length >= ROWS_AT_ONCE) flush();
    if (++shown === limit) break;
  }
  flush();
  if (!json && shown === 0) print('no entries');
  if (lost > 0) fail(`${lost} records are missing or damaged: run roadstead audit --verify`, 2);
}

/** Verifies the chain. Exits with 2 when it is broken, naming the first place. */
export async function auditVerifyCommand(
  objects: ObjectStore,
  sealer: Sealer | undefined,
  { expect = [], json }: JsonOption & { readonly expect?: readonly Place[] },
): Promise<void> {
  const spinner = Spinner.start('reading the audit record');
  let shownAt = 0;
  const onRecord = (records: number) => {
    if (spinner === undefined || performance.now() - shownAt < PROGRESS_MS) return;
    shownAt = performance.now();
    spinner.show(`${records} records verified`);
  };
  const found = await verifyAudit(objects, { sealer, expect, onRecord }).finally(() => spinner?.stop());
  if (json) printJson({ isWhole: found.faults.length === 0, ...found, sealsVerified: sealer !== undefined });
  else printVerification(found, sealer !== undefined);
  if (found.faults.length > 0) process.exitCode = 2;
}

/** Deletes the oldest records. Exits with 2, having deleted nothing, when the chain is broken. */
export async function auditPruneCommand(
  objects: ObjectStore,
  audit: Audit,
  sealer: Sealer | undefined,
  before: Date,
): Promise<void> {
  if (!audit.isOn)
    return fail('nothing is pruned: audit.enabled is false, so the prune itself could not be recorded');
  const record = (change: Parameters<typeof recordLocal>[1]) => recordLocal(audit, change);
  const pruned = await pruneAudit(objects, { before, sealer, record });
  if (pruned.outcome === 'pruned')
    return print(
      pruned.deleted === 0
        ? 'no record is older than that'
        : `${pruned.deleted} records deleted, up to ${pruned.upTo}`,
    );
  printVerification(pruned.verification, sealer !== undefined);
  fail('nothing was deleted: after a prune, the broken chain could no longer show what happened to it', 2);
}

function printVerification(
  { faults, first, end, records, entries, sealed, lastOfOld }: Verification,
  areSealsVerified: boolean,
): void {
  for (const { kind, message } of faults.slice(0, FAULTS_SHOWN)) print(`${kind}: ${message}.`);
  if (faults.length > FAULTS_SHOWN) print(`… and ${faults.length - FAULTS_SHOWN} more`);
  if (end === undefined) {
    print('no records');
    return;
  }
  const seals = areSealsVerified
    ? 'have a valid seal'
    : 'have a seal, which cannot be verified without http.secret';
  const isWhole = faults.length === 0;
  print(
    `${isWhole ? 'complete' : 'broken'}: records ${first} to ${end.seq} (${records} found, ${entries} entries)` +
      (isWhole ? `, ${sealed === records ? 'all' : `${sealed}`} of which ${seals}` : ''),
  );
  for (const [i, last] of lastOfOld.entries())
    if (last !== undefined)
      print(`last record of http.oldsecrets.${i} (for audit.oldsecretsuntil.${i}): ${last.seq}:${last.hash}`);
  // Kept elsewhere, this line later proves that nothing was cut off.
  print(`end of the record: ${end.seq}:${end.hash}`);
}

function rowOf({ at, actor, address = '-', action, rule = '-', details, ...what }: AuditEntry): string[] {
  return [at, printActor(actor), address, action, printWhat(what), rule, printDetails(details)];
}

function printWhat({ repository = '', tags = [], digest }: Partial<AuditEntry>): string {
  const named = tags.length > 0 ? `:${tags.slice(0, 3).join(',')}${tags.length > 3 ? ',…' : ''}` : '';
  return `${repository}${named}${digest === undefined ? '' : `@${digest.slice(0, 19)}`}` || '-';
}

function printDetails(details: AuditEntry['details'] = {}): string {
  return Object.entries(details)
    .map(
      ([name, value]) =>
        `${name}=${Array.isArray(value) && value.length > 3 ? `(${value.length})` : String(value)}`,
    )
    .join(' ');
}
