import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetters } from '../../registry/notifications/dead-letters.ts';
import type { DeliveryState } from '../../registry/notifications/delivery.ts';
import type { EndpointConfig } from '../../registry/notifications/endpoint.ts';
import type { Log } from '../../registry/runtime/log.ts';
import type { NotificationMetrics } from './metrics.ts';
import { pauseMs } from './pause.ts';
import type { Poster, PostResult } from './post.ts';
import type { PendingEvent, QueueReader } from './queue-reader.ts';

/** A batch that was refused this many times, with growing pauses, is split to find the event that the receiver refuses. */
const REFUSALS_MAX = 10;

export interface DispatchParts {
  readonly endpoint: EndpointConfig;
  readonly reader: QueueReader;
  readonly poster: Pick<Poster, 'post'>;
  readonly dead: DeadLetters;
  readonly metrics: NotificationMetrics;
  readonly logger: Log;
}

/**
 * Delivers batches in order. A failed batch is retried without limit. A refused batch is retried a number of times, then
 * split in halves; an event that is refused alone becomes a dead letter, so that one event cannot block the others.
 */
export class Dispatch {
  readonly #parts: DispatchParts;
  #state: DeliveryState;

  /** `state` is what the previous worker left, so that its failures count. */
  constructor(parts: DispatchParts, state: DeliveryState) {
    this.#parts = parts;
    this.#state = state;
  }

  /** The state of delivery, as the lease stores it. */
  get state(): DeliveryState {
    return this.#state;
  }

  /** Returns when all of the batch was accepted or is dead; throws when the signal aborts or the store fails. */
  async deliver(batch: readonly PendingEvent[], signal: AbortSignal): Promise<void> {
    for (let refusals = 0; ; ) {
      const result = await this.#post(batch, signal);
      if (result.kind === 'accepted') return;
      if (result.kind === 'refused') refusals++;
      const isHopeless = result.kind === 'refused' && result.isTooLarge && batch.length > 1;
      if (result.kind === 'refused' && (isHopeless || refusals >= REFUSALS_MAX))
        return this.#takeApart(batch, result.reason, signal);
      await this.#pause(result, signal);
    }
  }

  /** Delivers a refused batch in halves, each tried once; temporary failures are retried. */
  async #takeApart(batch: readonly PendingEvent[], reason: string, signal: AbortSignal): Promise<void> {
    const [only] = batch;
    if (only !== undefined && batch.length === 1) return this.#bury(only, reason);
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      let result = await this.#post(half, signal);
      while (result.kind === 'failed') {
        await this.#pause(result, signal);
        result = await this.#post(half, signal);
      }
      if (result.kind === 'refused') await this.#takeApart(half, result.reason, signal);
    }
  }

  async #bury(event: PendingEvent, reason: string): Promise<void> {
    const { dead, reader, endpoint, logger } = this.#parts;
    const { tick, id, kind, events } = event.item;
    // Named after its place in the queue: buried again after a crash, it is still one dead letter.
    const own = events === 1 ? id : `${id}.${event.index}`;
    await dead.bury({ tick, id: own, kind, events: 1 }, [event.json], reason);
    reader.settled([event]);
    logger.error({ endpoint: endpoint.name, reason }, 'an event was refused: it is a dead letter now');
  }

  async #post(batch: readonly PendingEvent[], signal: AbortSignal): Promise<PostResult> {
    const { endpoint, poster, reader, metrics, logger } = this.#parts;
    const { name } = endpoint;
    const result = await poster.post(
      batch.map(({ json }) => json),
      signal,
    );
    metrics.notificationRequests.inc({ endpoint: name, outcome: result.kind });
    const at = new Date().toISOString();
    if (result.kind === 'accepted') {
      reader.settled(batch);
      metrics.notificationEvents.inc({ endpoint: name, outcome: 'delivered' }, batch.length);
      if (this.#state.failures >= Math.max(1, endpoint.threshold))
        logger.info({ endpoint: name, failures: this.#state.failures }, 'an endpoint takes events again');
      this.#state = { ...this.#state, failures: 0, lastDeliveredAt: at };
    } else {
      const failures = this.#state.failures + 1;
      this.#state = { ...this.#state, failures, lastError: { at, reason: result.reason } };
      if (failures === Math.max(1, endpoint.threshold))
        logger.warn(
          { endpoint: name, failures, reason: result.reason },
          'an endpoint takes no events: pausing',
        );
    }
    metrics.notificationFailures.set({ endpoint: name }, this.#state.failures);
    return result;
  }

  async #pause(result: PostResult, signal: AbortSignal): Promise<void> {
    const retryAfterMs = result.kind === 'failed' ? result.retryAfterMs : 0;
    await sleep(pauseMs(this.#parts.endpoint, this.#state.failures, retryAfterMs), undefined, { signal });
  }
}
