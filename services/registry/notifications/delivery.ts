import { z } from 'zod';
import { type Heartbeat, LeaseStore } from '../storage/lease.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { deliveryPrefix } from './keys.ts';

/** The status of delivery to an endpoint, as its worker stores it. */
const DeliveryStateSchema = z.object({
  /** POSTs that failed since the last that did not. */
  failures: z.int().nonnegative(),
  /** Why the last one failed, for people. */
  lastError: z.object({ at: z.string(), reason: z.string() }).optional(),
  /** When events were last accepted, RFC 3339 UTC. */
  lastDeliveredAt: z.string().optional(),
});
export type DeliveryState = z.infer<typeof DeliveryStateSchema>;

/** The state of delivery to an endpoint, and the heartbeat of the one worker that delivers; read by everyone. */
export type Delivery = Heartbeat & DeliveryState;

/**
 * The leases on delivery to an endpoint. A worker that comes back after it was thought dead can only deliver something
 * twice, which receivers have to expect.
 */
export function deliveryLeases(objects: ObjectStore, endpoint: string): LeaseStore<DeliveryState> {
  return new LeaseStore(objects, deliveryPrefix(endpoint), DeliveryStateSchema);
}
