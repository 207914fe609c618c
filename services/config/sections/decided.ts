import { z } from 'zod';

/**
 * Sections on which the catalogue decides alone (`catalogue/access.ts`, `catalogue/policy.ts`): what is refused there
 * never comes here, and what is left changes nothing.
 */

const Anything = z.record(z.string(), z.unknown()).optional();
/** A list whose entries were all decided on. */
const Decided = z.array(z.undefined()).optional();

export const MiddlewareSection = z
  .strictObject({ registry: Decided, repository: Decided, storage: Decided })
  .optional();

export const ProxySection = Anything;

export const PolicySection = z
  .strictObject({ repository: z.strictObject({ classes: Decided }).optional() })
  .optional();
