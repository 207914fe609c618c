import type { Digest } from '../oci/digest.ts';

/**
 * Every kind of finding: how bad it is, and what to do about it. An *error* is content that cannot be served, or will
 * not be; a *warning* is something that a person should look at; the rest is information.
 */
export const FINDINGS = {
  'link-malformed': ['error', 'Push the same image again: that writes the link again'],
  'link-elsewhere': ['error', 'Delete the key, then push the same image again'],
  'layer-without-data': ['error', 'Push the image again, or copy the blob from a mirror to the same path'],
  'blob-not-linked': ['error', 'Push the image again: the blob is uploaded or linked again'],
  'revision-without-data': ['error', 'Push the manifest again, or delete the key of its link'],
  'manifest-damaged': ['error', 'Push the manifest again, or restore the file from a backup'],
  'manifest-unreadable': ['error', 'Delete the manifest by its digest, and push the image again'],
  'child-missing': ['error', 'Push the index again with all that it lists'],
  'size-differs': [
    'error',
    'Run it with --deep: where the blob is damaged, delete its key and push the image again; where it is not, the manifest is wrong, and the image has to be built again',
  ],
  'tag-dangling': ['error', 'Push the tag again, or delete it'],
  'blob-damaged': [
    'error',
    'Delete the key, then push the image again, or copy the blob from a mirror to the same path (one of 64 KiB or less is mended by a push alone)',
  ],
  'blob-unreadable': ['error', 'Look at the disk or the bucket: reading failed twice'],
  'publication-gap': ['error', 'Restore the entries from a backup: mirrors do not get past the gap'],
  'publication-unreadable': ['error', 'Restore the entry from a backup: mirrors do not get past it'],
  'audit-gap': [
    'error',
    'Restore the records from a backup: they say who changed what, and nothing else does',
  ],
  'audit-broken': ['error', 'Somebody else than the registry has written to the store: see docs/audit.md'],
  'published-without-data': ['error', 'Push the blob again: mirrors that lack it cannot get it'],
  'number-wrong': ['error', 'Delete the key: the blob is then served from here, whatever mirrors have'],
  'number-without-entry': ['error', 'Delete the key: clients may be sent to mirrors that never got the blob'],
  'referrer-malformed': ['error', 'Delete the key, then push the referrer again: until then none is listed'],
  'notice-malformed': ['error', 'Run: roadstead read-only off'],
  'token-key-unreadable': ['error', 'Delete the object, then run: roadstead keys rotate'],
  'credential-unreadable': ['error', 'Revoke the account, then create it again'],
  unlisted: [
    'error',
    'Garbage collection deletes nothing while content may lie behind it: see docs/garbage-collection.md',
  ],
  'repository-misnamed': [
    'error',
    'Nothing serves it, and garbage collection deletes nothing until then: rename it, or move it out of the store',
  ],
  'digest-unknown': [
    'error',
    'Garbage collection deletes nothing while it may lead to content: push that again by SHA-256, then delete the key',
  ],
  'tag-without-current': ['warning', 'Push the tag again, or delete it: it is listed and cannot be pulled'],
  'tag-not-promoted': [
    'warning',
    'The release service moves it back if an earlier promotion wrote it late; if it stays, promote what it is to name',
  ],
  'history-malformed': ['warning', 'Delete the key: only the garbage collection of Distribution reads it'],
  'number-missing': [
    'warning',
    'Publish anything, or restart a node if it is the newest entry: that completes it',
  ],
  'referrer-elsewhere': [
    'warning',
    'Delete the key: a manifest is listed as a referrer of what it does not name',
  ],
  'upload-forgotten': ['warning', 'No client continues it: delete everything under the key'],
  'upload-start-unknown': ['warning', 'No client can continue it: delete everything under the key'],
  stray: ['warning', 'Nothing reads it here: find out who wrote it, then delete it'],
  'temporary-files-old': [
    'warning',
    'A registry that starts deletes them, and so does the purge of uploads: restart one, or wait',
  ],
  'layer-link-unused': ['info', 'No manifest needs it: garbage-collect deletes it'],
  'second-name-stale': ['info', 'The content was deleted under its first name: nothing to do'],
  'child-absent': ['info', 'A sparse index: the configuration lets it lack this manifest'],
  'referrer-stale': ['info', 'The referrer was deleted: garbage-collect deletes the record'],
  'referrer-unrecorded': [
    'info',
    'Pushed by a registry without a referrers API: push it again to have it listed',
  ],
  'upload-under-way': ['info', 'A client may continue it'],
  'temporary-files': ['info', 'Writes that are under way, or broke off less than a day ago: nothing to do'],
  leftover: ['info', 'A write of Distribution that broke off: delete it when it is a day old'],
  'blobs-unreferenced': ['info', 'garbage-collect would free them'],
  'blobs-unaccounted': [
    'info',
    'What could not be read may refer to them: garbage-collect keeps them until then',
  ],
  'passed-over': ['info', 'No content can be pulled through it: nothing to do'],
  'blobs-published-only': ['info', 'Mirrors may serve them: garbage-collect keeps them'],
  'quarantine-forgotten': [
    'info',
    'No sync process collects garbage over this store: see garbagecollection, or run garbage-collect',
  ],
  'writes-off': ['info', 'To allow writes again: roadstead read-only off'],
} as const satisfies Record<string, readonly [Severity, string]>;

export type Severity = 'error' | 'warning' | 'info';
export type FindingKind = keyof typeof FINDINGS;

/** Where something is, or what it is about. */
export interface Place {
  readonly key: string;
  readonly repository?: string;
  readonly digest?: Digest;
  readonly tag?: string;
  readonly upload?: string;
  /** Of an entry of the publication log, or a record of the audit record. */
  readonly seq?: number;
  /** Of content that is counted, not listed. */
  readonly blobs?: number;
  readonly files?: number;
  readonly bytes?: number;
}

/** A broken invariant, or something worth knowing. */
export interface Finding extends Place {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** What it means, and what to do. */
  readonly message: string;
}

/** Makes a finding; `meaning` is a sentence without its full stop. */
export function finding(kind: FindingKind, place: Place, meaning: string): Finding {
  const [severity, advice] = FINDINGS[kind];
  return { kind, severity, ...place, message: `${meaning}. ${advice}.` };
}
