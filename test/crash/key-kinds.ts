/** What keys are for, most particular first. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/\/blobs\/sha256\/\w\w\/\w+\/data$/, "blob's bytes"],
  [/\/_layers\/sha256\//, 'layer link'],
  [/\/_layers\//, "layer's second link"],
  [/\/_manifests\/revisions\/sha256\//, 'revision link'],
  [/\/_manifests\/revisions\//, "revision's second link"],
  [/\/_manifests\/tags\/[^/]+\/current\//, "tag's link"],
  [/\/_manifests\/tags\/[^/]+\/index\//, "tag's history"],
  [/\/_uploads\/[^/]+\/startedat$/, "upload's start"],
  [/\/_uploads\/[^/]+\/data$/, "Distribution's upload"],
  [/\/_uploads\/[^/]+\/_roadstead\/parts\//, "upload's record of a part"],
  [/\/_uploads\/[^/]+\/_roadstead\/bytes\//, "upload's bytes"],
  [/\/_roadstead\/referrers\//, 'referrer'],
  [/\/_roadstead\/tag-names\//, "tag's second name"],
  [/\/_roadstead\/keepers\//, 'keeper link'],
  [/\/_roadstead\/claims\//, "claim of a tag's move"],
  [/\/_roadstead\/turns\//, "promotion's turn"],
  [/^roadstead\/publications\//, 'publication'],
  [/^roadstead\/published\//, 'publication number'],
  [/^roadstead\/mirrors\//, "mirror's ledger"],
  [/^roadstead\/notifications\/[^/]+\/queue\//, 'queued event'],
  [/^roadstead\/notifications\/[^/]+\/dead\//, 'dead letter'],
  [/^roadstead\/notifications\/[^/]+\/delivery\//, "delivery's lease"],
  [/^roadstead\/garbage\/quarantine\//, 'list of what is in quarantine'],
  [/^roadstead\/garbage\/announced\//, "list's announcement"],
  [/^roadstead\/garbage\/rescued\//, 'rescue'],
  [/^roadstead\/garbage\/deleting\//, 'flag of a deletion'],
  [/^roadstead\/garbage\/suspects\//, 'suspects'],
  [/^roadstead\/garbage\/facts\//, 'facts'],
  [/^roadstead\/garbage\/scan\/[^/]+\/header$/, "scan's header"],
  [/^roadstead\/garbage\/scan\//, 'part of a scan'],
  [/^roadstead\/garbage\/worker\//, "collector's lease"],
  [/^roadstead\/garbage\/request\.json$/, 'request for a collection'],
  [/^roadstead\/credentials\//, 'issued credential'],
  [/^roadstead\/keys\//, 'key of tokens'],
  [/^roadstead\/read-only\.json$/, 'switch of writes'],
];

/** What a key is for, in a few words; an unknown one is told as it is. */
export function kindOf(key: string): string {
  return KINDS.find(([pattern]) => pattern.test(key))?.[1] ?? key;
}
