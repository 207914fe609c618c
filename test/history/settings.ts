const NIGHTLY_SECONDS = 3600;
const GIVEN_SECONDS =
  process.env['HISTORY_SECONDS'] ?? (process.env['NIGHTLY'] === '1' ? String(NIGHTLY_SECONDS) : undefined);

/**
 * For how long clients work and things fail, in each set-up: `HISTORY_SECONDS`, or an hour in a nightly run, or some
 * seconds, the more the more can fail there.
 */
export const SECONDS = {
  fileSystem: Number(GIVEN_SECONDS ?? 25),
  sharedDirectory: Number(GIVEN_SECONDS ?? 35),
  s3: Number(GIVEN_SECONDS ?? 60),
} as const;

/** What all that is random comes from: `HISTORY_SEED`, or another one each time. */
export const SEED = Number(process.env['HISTORY_SEED'] ?? Date.now() % 2 ** 31);

/** Kinds of faults. Each set-up leaves out those that it cannot have. */
export const FAULTS = [
  /** SIGKILL, and a new start. */
  'kill',
  /** SIGSTOP for seconds. */
  'pause',
  /** SIGSTOP for longer than every lease and every assumption. */
  'long pause',
  /** The store gets a request long after its connection broke. */
  'late',
  /** The store does what it was asked for, and its answer is lost. */
  'lost answer',
  /** The store gets a request seconds later, on the same connection. */
  'delay',
  /** The wall clock of a process is moved by hours. */
  'clock',
  /** Redis is killed, or forgets everything. */
  'redis',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What clients do besides: deletes of tags and manifests, beside pushes of the same. */
const DEEDS = ['delete'] as const;

/** What happens in this run: `HISTORY_FAULTS`, comma-separated; all, but long pauses only in runs that are long enough. */
export const CHOSEN: ReadonlySet<string> = new Set(
  process.env['HISTORY_FAULTS']?.split(',') ??
    [...FAULTS, ...DEEDS].filter((each) => each !== 'long pause' || SECONDS.s3 >= 600),
);

/**
 * What nginx in front of the nodes does with a request that a node has not answered: `off` (as docs/cluster.md wants it),
 * or `on`, to send it to the next node as well (`HISTORY_NEXT_UPSTREAM`).
 */
export const NEXT_UPSTREAM = process.env['HISTORY_NEXT_UPSTREAM'] === 'on' ? 'on' : 'off';

/** How old a tag may be that a node shows (docs/architecture.md). */
export const TAG_STALE_MS = 1000;
/** How long a node may show content that another one has deleted (docs/architecture.md). */
export const CONTENT_STALE_MS = 31_000;
/** The collector's `grace` and `quarantine`. */
export const GRACE_MS = 1000;
export const QUARANTINE_MS = 4000;

/** After this time a client takes its request for lost. */
export const CLIENT_TIMEOUT_MS = 6000;
/** How long one tag is looked at; then clients use another one, so that each history can be checked in bounded time. */
export const GENERATION_MS = 180_000;
