/**
 * Every protocol failure that the registry can name, one line each. `http/errors.ts` gives each its status and its
 * code on the wire; the compiler holds the two tables together.
 */
export const ERROR_KINDS = [
  'ATTACHING_REFUSED',
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_UNKNOWN',
  'CLIENT_GONE',
  'CREDENTIAL_EXISTS',
  'CREDENTIAL_UNKNOWN',
  'DENIED',
  'DIGEST_INVALID',
  'HEADERS_TOO_MANY',
  'IMAGE_INCOMPLETE',
  'MAINTENANCE',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_TOO_LARGE',
  'MANIFEST_UNKNOWN',
  'MEDIA_TYPE_UNSUPPORTED',
  'METHOD_UNSUPPORTED',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'NO_SUCH_ENDPOINT',
  'PAGINATION_NUMBER_INVALID',
  'PARAMETER_INVALID',
  'PUBLICATION_UNKNOWN',
  'RANGE_INVALID',
  'READ_ONLY',
  'REQUEST_MALFORMED',
  'SIZE_INVALID',
  'STORE_FULL',
  'STORE_UNAVAILABLE',
  'SUPERSEDED',
  'TAGGED_TOO_OFTEN',
  'TAGS_TOO_MANY',
  'TAG_INVALID',
  'TAG_MOVED',
  'TOO_MANY_REQUESTS',
  'UNAUTHORIZED',
  'UNAVAILABLE',
  'UNRECORDED',
  'UPLOAD_SCATTERED',
  'WAIT_TIMED_OUT',
] as const;

export type ErrorKind = (typeof ERROR_KINDS)[number];

/**
 * A failure that is answered to the client, with a message that says what to do about it. The details of a broken backend
 * (StoreUnavailableError) and of any other error, which is a fault of ours, are not answered.
 */
export class RegistryError extends Error {
  override name = 'RegistryError';
  readonly kind: ErrorKind;
  /** Machine-readable, for the `detail` member of the answer. */
  readonly detail: Readonly<Record<string, unknown>> | undefined;

  constructor(kind: ErrorKind, message: string, detail?: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.detail = detail;
  }
}
