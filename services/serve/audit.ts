import { hostname } from 'node:os';
import { isAudited, sealerOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { type Audit, NO_AUDIT } from '../registry/audit/audit.ts';
import { Recorder, type RecorderParts } from '../registry/audit/recorder.ts';

/** The audit record of a configuration. */
export function auditOf(config: Config, parts: Pick<RecorderParts, 'objects' | 'logger' | 'count'>): Audit {
  return isAudited(config)
    ? new Recorder({ ...parts, node: hostname(), sealer: sealerOf(config) })
    : NO_AUDIT;
}
