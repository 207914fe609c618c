import type { PlannedAttachment } from './attaching.ts';

/** An entry of the audit record names at most this many. */
const NAMED_MAX = 200;

/** What a promotion adds and replaces in its target, for the audit record; a line each. */
export function describeAttaching(attached: readonly PlannedAttachment[]) {
  const changed = attached.filter(({ state }) => state !== 'kept');
  if (changed.length === 0) return {};
  return {
    attached: changed.slice(0, NAMED_MAX).map(describe),
    ...(changed.length > NAMED_MAX && { attachedTotal: changed.length }),
  };
}

function describe({ state, tag, digest, subject, previousDigest, artifactType }: PlannedAttachment): string {
  const what = tag === undefined ? `${digest} to ${subject}` : `${tag} ${digest}`;
  const type = artifactType === undefined ? '' : ` (${artifactType.slice(0, 100)})`;
  return `${state} ${what}${type}${state === 'replaced' ? ` instead of ${previousDigest}` : ''}`;
}
