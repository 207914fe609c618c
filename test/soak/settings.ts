const CI_SECONDS = 120;
const NIGHTLY_SECONDS = 600;

/** For how long clients work and things fail: `SOAK_SECONDS`, or two minutes, or ten in a nightly run. */
export const SECONDS = Number(
  process.env['SOAK_SECONDS'] ?? (process.env['NIGHTLY'] === '1' ? NIGHTLY_SECONDS : CI_SECONDS),
);

/** What all that is random comes from: `SOAK_SEED`, or another one each time. */
export const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 2 ** 31);

/**
 * Whether the collector leaves manifests that no tag leads to, or takes them, too (`garbagecollection.deleteuntagged`).
 * Both are worth a soak: the seed decides, unless `SOAK_UNTAGGED` says `keep` or `delete`.
 */
export const KEEPS_UNTAGGED =
  (process.env['SOAK_UNTAGGED'] ?? (SEED % 2 === 0 ? 'keep' : 'delete')) === 'keep';

/** The collector's `quarantine`: so long a client may rely on what it was told to be there. */
export const QUARANTINE_MS = 4000;
/** The collector's `grace`. */
export const GRACE_MS = 1000;

/** For so long another node may show where a tag pointed before (docs/architecture.md), and a bit more on a busy machine. */
export const TAG_STALE_MS = 1500;

/** So long a client tries before it gives up; longer than any process is stopped, or takes to start. */
export const PATIENCE_MS = 60_000;
