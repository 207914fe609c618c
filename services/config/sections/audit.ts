import { z } from 'zod';
import { Switch } from '../values.ts';

/** Ours: the record of every change of state. Undefined is: where there are accounts. */
export const AuditSection = z.strictObject({ enabled: Switch.optional() }).prefault({});
