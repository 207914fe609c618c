import type { Log } from '../runtime/log.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type CountEvents, type EndpointConfig, type NotificationsConfig, wants } from './endpoint.ts';
import {
  type BlobChange,
  type ChangeEvent,
  type EventSource,
  eventOf,
  type ManifestChange,
  type NotificationEvent,
  type RequestInfo,
} from './event.ts';
import { Outbox } from './outbox.ts';
import { Pulls, type WrittenEvent } from './pulls.ts';
import { referencesOf } from './references.ts';

/** A pull of a manifest or blob. */
export type Pull = (ManifestChange | BlobChange) & { readonly action: 'pull' };

/** What a notifier needs. */
export interface NotifierParts {
  readonly config: NotificationsConfig;
  readonly objects: ObjectStore;
  /** This node. */
  readonly source: EventSource;
  readonly count: CountEvents;
  readonly logger: Log;
  /** Called with an endpoint's name when there is something to deliver: a hint for a worker in the same process. */
  readonly queued?: (endpoint: string) => void;
}

/** Notifies the configured endpoints of what happens in the registry; does nothing without endpoints. */
export class Notifier implements AsyncDisposable {
  /** False without endpoints. */
  readonly wantsChanges: boolean;
  /** False when no endpoint wants events of pulls: then they need not be built. */
  readonly wantsPulls: boolean;
  readonly #parts: NotifierParts;
  readonly #outboxes: readonly { readonly endpoint: EndpointConfig; readonly outbox: Outbox }[];
  readonly #pulls = new Pulls(
    (events) => this.#write('pull', events),
    (events) => this.#dropped(events),
  );

  constructor(parts: NotifierParts) {
    const { config, objects, count, logger } = parts;
    this.#parts = parts;
    this.#outboxes = config.endpoints.map((endpoint) => ({
      endpoint,
      outbox: new Outbox({ objects, endpoint, count, logger }),
    }));
    this.wantsChanges = config.endpoints.length > 0;
    this.wantsPulls = config.endpoints.some(({ ignore }) => !ignore.actions.includes('pull'));
  }

  /**
   * Keeps events of changes for every endpoint that wants them. To be awaited before the request is answered: they are
   * durable when it returns. Rejects when the store fails; the request has to fail then too, so that the client
   * repeats it.
   */
  async changed(changeEvents: readonly ChangeEvent[], request: RequestInfo): Promise<void> {
    const at = new Date();
    const events = changeEvents.map((change) => this.#eventOf(change, at, request));
    await this.#write(
      'change',
      events.map((event) => ({ event, json: JSON.stringify(event) })),
    );
  }

  /** Notes a pull. Never throws, never waits. */
  pulled(change: Pull, request: RequestInfo): void {
    if (this.wantsPulls) this.#pulls.add(this.#eventOf(change, new Date(), request));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pulls.flush();
    await Promise.all(this.#outboxes.map(({ outbox }) => outbox.settle()));
  }

  #eventOf(change: ChangeEvent, at: Date, request: RequestInfo): NotificationEvent {
    const references =
      this.#parts.config.includereferences && change.action !== 'delete' && change.kind === 'manifest'
        ? referencesOf(change.bytes)
        : [];
    return eventOf(change, at, request, this.#parts.source, references);
  }

  async #write(kind: 'change' | 'pull', events: readonly WrittenEvent[]): Promise<void> {
    const writes = this.#outboxes.map(async ({ endpoint, outbox }) => {
      const wanted = events.filter(({ event }) => wants(endpoint, event));
      if (wanted.length === 0) return;
      const lines = wanted.map(({ json }) => json);
      await outbox.write(kind, lines);
      this.#parts.queued?.(endpoint.name);
    });
    // Every endpoint is tried before the first failure is thrown.
    const failed = (await Promise.allSettled(writes)).find((write) => write.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #dropped(events: readonly NotificationEvent[]): void {
    for (const endpoint of this.#parts.config.endpoints) {
      const wanted = events.filter((event) => wants(endpoint, event));
      if (wanted.length > 0) this.#parts.count(endpoint.name, 'dropped', wanted.length);
    }
  }
}
