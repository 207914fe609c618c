import type { Digest } from '../oci/digest.ts';
import type { EventReference } from './references.ts';

/**
 * Distribution's events, field by field as docker-registry 2.8.2 writes them (its `notifications/event.go` and
 * `bridge.go`): what is empty or zero is left out, but for the request's id, method and user agent.
 */
export const EVENTS_MEDIA_TYPE = 'application/vnd.docker.distribution.events.v1+json';

export type EventAction = 'pull' | 'push' | 'mount' | 'delete';

/** An event as receivers read it. */
export interface NotificationEvent {
  readonly id: string;
  /** RFC 3339 UTC. */
  readonly timestamp: string;
  readonly action: EventAction;
  readonly target: EventTarget;
  readonly request: {
    readonly id: string;
    readonly addr?: string;
    readonly host?: string;
    readonly method: string;
    readonly useragent: string;
  };
  readonly actor: { readonly name?: string };
  readonly source: EventSource;
}

export interface EventTarget {
  readonly mediaType?: string;
  readonly size?: number;
  readonly digest?: string;
  /** The same as `size`. */
  readonly length?: number;
  readonly repository: string;
  readonly fromRepository?: string;
  readonly url?: string;
  readonly tag?: string;
  readonly references?: readonly EventReference[];
}

/** The node that sends: a host with its port, and an id of this run of it. */
export interface EventSource {
  readonly addr: string;
  readonly instanceID: string;
}

/** What happened to a manifest. */
export interface ManifestChange {
  readonly kind: 'manifest';
  readonly action: 'pull' | 'push';
  readonly repository: string;
  readonly mediaType: string;
  readonly digest: Digest;
  /** Only read for `events.includereferences`. */
  readonly bytes: Buffer;
  /** Given when the request named it by tag. */
  readonly tag?: string | undefined;
}

/** What happened to a blob; a mount names where it came from. */
export interface BlobChange {
  readonly kind: 'blob';
  readonly action: 'pull' | 'push' | 'mount';
  readonly repository: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly fromRepository?: string | undefined;
}

/** A manifest or blob (`digest`), a tag, or, with neither, a repository is gone. */
export interface Deletion {
  readonly action: 'delete';
  readonly repository: string;
  readonly digest?: Digest | undefined;
  readonly tag?: string | undefined;
}

export type ChangeEvent = ManifestChange | BlobChange | Deletion;

/** The request that made a change. */
export interface RequestInfo {
  readonly id: string;
  /** The client's address, with its port where it is known. */
  readonly addr: string;
  /** The Host header. */
  readonly host: string;
  readonly method: string;
  readonly userAgent: string;
  /** The user's name; empty without authentication. */
  readonly actor: string;
  /** The registry as this client sees it, without trailing slash: `https://registry.example.org`. */
  readonly baseUrl: string;
}

/** The media type that Distribution gives every blob. */
export const BLOB_MEDIA_TYPE = 'application/octet-stream';
const USER_AGENT_MAX_CHARACTERS = 1024;

/** Builds an event. `references` are given for manifests when the configuration asks for them. */
export function eventOf(
  change: ChangeEvent,
  at: Date,
  request: RequestInfo,
  source: EventSource,
  references: readonly EventReference[] = [],
): NotificationEvent {
  return {
    id: crypto.randomUUID(),
    timestamp: at.toISOString(),
    action: change.action,
    target: targetOf(change, request.baseUrl, references),
    request: {
      id: request.id,
      ...(request.addr !== '' && { addr: request.addr }),
      ...(request.host !== '' && { host: request.host }),
      method: request.method,
      useragent: request.userAgent.slice(0, USER_AGENT_MAX_CHARACTERS),
    },
    actor: request.actor === '' ? {} : { name: request.actor },
    source,
  };
}

function targetOf(change: ChangeEvent, baseUrl: string, references: readonly EventReference[]): EventTarget {
  const { repository } = change;
  if (change.action === 'delete') {
    const { digest, tag } = change;
    return { ...(digest && { digest }), repository, ...(tag && { tag }) };
  }
  const url = `${baseUrl}/v2/${repository}/${change.kind}s/${change.digest}`;
  const content = (mediaType: string, sizeBytes: number) => ({
    mediaType,
    ...(sizeBytes > 0 && { size: sizeBytes }),
    digest: change.digest,
    ...(sizeBytes > 0 && { length: sizeBytes }),
    repository,
  });
  if (change.kind === 'manifest') {
    const { mediaType, bytes, tag } = change;
    return {
      ...content(mediaType, bytes.length),
      url,
      ...(tag && { tag }),
      ...(references.length > 0 && { references }),
    };
  }
  const { sizeBytes, fromRepository } = change;
  return { ...content(BLOB_MEDIA_TYPE, sizeBytes), ...(fromRepository && { fromRepository }), url };
}

/** The body of a POST: events that are JSON already, one each. */
export function envelopeOf(events: readonly string[]): Buffer {
  return Buffer.from(`{"events":[${events.join(',')}]}`);
}
