import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '../../http/metrics.ts';
import { sizeOf } from '../../registry/notifications/backlog.ts';
import { DeadLetters } from '../../registry/notifications/dead-letters.ts';
import { type DeliveryState, deliveryLeases } from '../../registry/notifications/delivery.ts';
import type { EndpointConfig } from '../../registry/notifications/endpoint.ts';
import { deadPrefix, queuePrefix } from '../../registry/notifications/keys.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { WakeSignal } from '../../registry/runtime/waiting.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { runDuties } from '../duties.ts';
import { Lease, type LeaseTiming } from '../lease.ts';
import { Dispatch } from './dispatch.ts';
import { type NotificationMetrics, notificationMetrics } from './metrics.ts';
import { Poster } from './post.ts';
import { QueueReader } from './queue-reader.ts';

/** How often a worker looks for events without being woken. */
const POLL_MS = 1000;
const RETRY_MS = 1000;
/** How often the queue is counted for the metrics; counting may take a twentieth of the time. */
const MEASURE_MS = 15_000;
const MEASURE_SHARE = 20;

export interface EndpointWorkerParts {
  readonly endpoint: EndpointConfig;
  readonly objects: ObjectStore;
  readonly metrics: Metrics;
  readonly logger: Log;
  readonly timing?: LeaseTiming;
}

/**
 * Delivers one endpoint's events. Any number may run, anywhere; one delivers, and the others wait to take over. Delivery
 * is at least once: events leave the queue after the receiver accepted them, so a crash in between delivers some again.
 */
export class EndpointWorker implements AsyncDisposable {
  readonly #parts: Omit<EndpointWorkerParts, 'metrics'> & { readonly metrics: NotificationMetrics };
  readonly #stop = new AbortController();
  readonly #wake = new WakeSignal();
  readonly #running: Promise<void>;

  constructor(parts: EndpointWorkerParts) {
    this.#parts = { ...parts, metrics: notificationMetrics(parts.metrics) };
    this.#running = this.#run();
  }

  /** There may be something to deliver. */
  notify(): void {
    this.#wake.notify();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { objects, endpoint, logger, timing } = this.#parts;
    const { signal } = this.#stop;
    const leases = deliveryLeases(objects, endpoint.name);
    const firstState = (previous: DeliveryState = { failures: 0 }) => previous;
    while (!signal.aborted) {
      try {
        await this.#work(await Lease.acquire(leases, firstState, signal, timing));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error, endpoint: endpoint.name }, "the endpoint's worker starts over");
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Delivers until stopped, or until another worker has the endpoint. */
  async #work(lease: Lease<DeliveryState>): Promise<void> {
    const { endpoint, objects, metrics, logger } = this.#parts;
    const reader = new QueueReader(objects, endpoint, logger);
    const count = (name: string, outcome: string, events: number) =>
      metrics.notificationEvents.inc({ endpoint: name, outcome }, events);
    const dead = new DeadLetters({ objects, endpoint, count, logger });
    await using poster = new Poster(endpoint);
    const dispatch = new Dispatch({ endpoint, reader, poster, dead, metrics, logger }, lease.state);
    try {
      await runDuties(this.#stop.signal, (signal) => [
        lease.keep(() => dispatch.state, signal),
        this.#deliver(reader, dispatch, lease, signal),
        this.#measure(signal),
      ]);
    } finally {
      await Promise.all([reader.flush(), dead.settle()]);
      await lease.release(() => dispatch.state);
      for (const gauge of [
        metrics.notificationQueue,
        metrics.notificationOldest,
        metrics.notificationDead,
        metrics.notificationFailures,
      ])
        gauge.remove({ endpoint: endpoint.name });
    }
  }

  async #deliver(
    reader: QueueReader,
    dispatch: Dispatch,
    lease: Lease<DeliveryState>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const batch = await reader.take(signal);
      if (batch.length === 0) await this.#wake.wait(POLL_MS, signal);
      // A worker that was stopped for too long (or its store was) may have lost the lease: it has to acquire it again.
      else if (lease.isFresh) await dispatch.deliver(batch, signal);
      else throw new Error('the lease was not renewed in time');
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { endpoint, objects, metrics, logger } = this.#parts;
    const labels = { endpoint: endpoint.name };
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        const [queue, dead] = await Promise.all([
          sizeOf(objects, queuePrefix(endpoint.name)),
          sizeOf(objects, deadPrefix(endpoint.name)),
        ]);
        metrics.notificationQueue.set(labels, queue.events);
        metrics.notificationDead.set(labels, dead.events);
        const ageMs = queue.oldestAt ? Math.max(0, Date.now() - queue.oldestAt.getTime()) : 0;
        metrics.notificationOldest.set(labels, ageMs / 1000);
      } catch (error) {
        logger.warn({ err: error, ...labels }, "cannot count an endpoint's events");
      }
      const pauseMs = Math.max(MEASURE_MS, (performance.now() - startedAt) * MEASURE_SHARE);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
