import type { NotificationEvent } from './event.ts';

/** The configuration's `notifications` section, parsed. */
export interface NotificationsConfig {
  /** `events.includereferences`: manifests' events carry what the manifests refer to. */
  readonly includereferences: boolean;
  readonly endpoints: readonly EndpointConfig[];
}

/** One receiver. */
export interface EndpointConfig {
  readonly name: string;
  readonly url: string;
  /** Sent with every POST; may hold secrets, so they are never logged. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** For one POST, in milliseconds. */
  readonly timeout: number;
  /** Delivery pauses after this many failures in a row. */
  readonly threshold: number;
  /** The first such pause in milliseconds; it doubles from there. */
  readonly backoff: number;
  readonly ignore: { readonly mediatypes: readonly string[]; readonly actions: readonly string[] };
  /** Events in a POST, at most. */
  readonly batchsize: number;
  /** Events that may wait. */
  readonly queuelimit: number;
}

/** Whether an endpoint wants an event; deletions have no media type. */
export function wants({ ignore }: EndpointConfig, { action, target }: NotificationEvent): boolean {
  const { mediaType } = target;
  return (
    !ignore.actions.includes(action) && (mediaType === undefined || !ignore.mediatypes.includes(mediaType))
  );
}

/** What becomes of events, for metrics; `dropped` ones are lost for good. */
export type EventOutcome = 'queued' | 'delivered' | 'dead' | 'dropped';

/** Counts events by what became of them. */
export type CountEvents = (endpoint: string, outcome: EventOutcome, events: number) => void;
