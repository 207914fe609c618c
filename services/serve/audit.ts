import { hostname } from 'node:os';
import { isAudited, sealerOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import type { Metrics } from '../http/metrics.ts';
import { type Audit, NO_AUDIT } from '../registry/audit/audit.ts';
import { Recorder, type RecorderParts } from '../registry/audit/recorder.ts';

/** The audit record that a configuration asks for; its entries are counted where there are metrics. */
export function auditOf(
  config: Config,
  parts: Pick<RecorderParts, 'objects' | 'logger'>,
  metrics?: Metrics,
): Audit {
  if (!isAudited(config)) return NO_AUDIT;
  const written = metrics?.counter(
    'roadstead_audit_entries_total',
    'Entries of the audit record, by outcome: written, failed (and the change was refused).',
    'outcome',
  );
  for (const outcome of ['written', 'failed']) written?.inc({ outcome }, 0);
  const count: RecorderParts['count'] = (outcome, entries) => written?.inc({ outcome }, entries);
  return new Recorder({ ...parts, count, node: hostname(), sealer: sealerOf(config) });
}
