/** What can happen to a mirror that its operator, or the registry's, should hear of. */
export type MirrorEvent =
  | 'down'
  | 'up'
  | 'disabled'
  | 'enabled'
  | 'behind'
  | 'full'
  | 'lost-blobs'
  | 'certificate';

/** A notice of a mirror, as a webhook and a command get it, with a `text` in addition. */
export interface MirrorNotice {
  readonly mirror: string;
  readonly event: MirrorEvent;
  /** Why, for people. */
  readonly reason?: string | undefined;
  /** When, RFC 3339 UTC. */
  readonly at: string;
  /** The registry's public URL. */
  readonly registry?: string | undefined;
}

const WORDS: Readonly<Record<MirrorEvent, string>> = {
  down: 'is down and gets no clients',
  up: 'is up again',
  disabled: 'is disabled: it failed too often',
  enabled: 'is enabled again',
  behind: 'is behind',
  full: 'has no space left',
  'lost-blobs': 'has lost blobs',
  certificate: 'has trouble with its certificate',
};

/** A notice in a sentence. */
export function sentenceOf({ mirror, event, reason, registry }: MirrorNotice): string {
  const of = registry === undefined ? '' : ` of ${registry}`;
  return `mirror ${mirror}${of} ${WORDS[event]}${reason === undefined ? '' : `: ${reason}`}`;
}

/** The JSON of a notice. Its `text` is what chats show of a webhook, and what a mail can say. */
export function jsonOf(notice: MirrorNotice): string {
  return JSON.stringify({ ...notice, text: sentenceOf(notice) });
}
