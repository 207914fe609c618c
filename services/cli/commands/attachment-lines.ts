import type { PromotionEventLine } from '../../release/schemas.ts';

type Planned = Extract<PromotionEventLine, { event: 'planned' }>;
type Attachment = NonNullable<Planned['leftOut']>[number];

/** What a promotion attaches in its target and what it leaves out; a line each. */
export function attachmentLines({
  attached = [],
  attachedTotal,
  leftOut = [],
  leftOutTotal,
}: Planned): string[] {
  const changed = attached.filter(({ state }) => state !== 'kept');
  const kept = attached.length - changed.length;
  return [
    ...changed.map(({ state, previousDigest, ...each }) => {
      const before = previousDigest === undefined ? '' : ` instead of ${previousDigest}`;
      return `  ${state === 'added' ? 'adds' : 'replaces'} ${nameOf(each)}${before}`;
    }),
    ...(kept > 0 ? [`  attached already: ${kept}`] : []),
    ...moreThan(attached, attachedTotal),
    ...leftOut.map((each) => `  leaves out ${nameOf(each)}: --attach-to ${each.subject} brings it along`),
    ...moreThan(leftOut, leftOutTotal),
  ];
}

function nameOf({ tag, digest, subject, artifactType }: Attachment): string {
  const what = tag === undefined ? `${digest}, which refers to ${subject}` : `${tag} (${digest})`;
  return artifactType === undefined ? what : `${what}, ${artifactType}`;
}

function moreThan(named: readonly unknown[], total = named.length): string[] {
  return total > named.length ? [`  … and ${total - named.length} more`] : [];
}
