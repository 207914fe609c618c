import { z } from 'zod';
import type { ObjectStore } from '../storage/object-store.ts';
import { Terms } from '../storage/terms.ts';
import { deliveryPrefix } from './keys.ts';

/** The status of delivery to an endpoint, as its worker reports it. */
export const DeliveryFactsSchema = z.object({
  /** POSTs that failed since the last that did not. */
  failures: z.int().nonnegative(),
  /** Why the last one failed, for people. */
  lastError: z.object({ at: z.string(), reason: z.string() }).optional(),
  /** When events were last accepted, RFC 3339 UTC. */
  lastDeliveredAt: z.string().optional(),
});
export type DeliveryFacts = z.infer<typeof DeliveryFactsSchema>;

const DeliverySchema = DeliveryFactsSchema.extend({
  version: z.literal(1),
  /** The worker that holds this term. */
  holder: z.string(),
  /** Counts up while the worker lives: others judge by seeing it move, not by comparing clocks. */
  beat: z.int().nonnegative(),
  /** When it last beat, RFC 3339 UTC, for people. */
  beatAt: z.string(),
});

/** The status of delivery to an endpoint: written by the one worker that delivers, read by everyone. */
export type Delivery = z.infer<typeof DeliverySchema>;

/** Which worker delivers to an endpoint. One that has lost its term can only deliver twice, which receivers expect. */
export function deliveryTerms(objects: ObjectStore, endpoint: string): Terms<Delivery> {
  return new Terms(objects, deliveryPrefix(endpoint), DeliverySchema);
}
