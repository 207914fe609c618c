import { type ErrorKind, RegistryError } from '../registry/oci/errors.ts';
import { StoreFullError, StoreUnavailableError } from '../registry/storage/object-store.ts';

/** A failure's status, and its code in the specification's list (or ours where that has none). */
interface OnTheWire {
  readonly status: number;
  readonly code: string;
  /** When a retry may succeed. */
  readonly retryAfterSeconds?: number;
}

/** The one table of how failures are answered. Codes are those of the OCI distribution specification, 1.1. */
const ANSWERS = {
  ATTACHING_REFUSED: { status: 409, code: 'DENIED' },
  BLOB_UNKNOWN: { status: 404, code: 'BLOB_UNKNOWN' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
  // No client reads it; the status (nginx's) is for the log.
  CLIENT_GONE: { status: 499, code: 'BLOB_UPLOAD_INVALID' },
  CREDENTIAL_EXISTS: { status: 409, code: 'CREDENTIAL_EXISTS' },
  CREDENTIAL_UNKNOWN: { status: 404, code: 'CREDENTIAL_UNKNOWN' },
  DENIED: { status: 403, code: 'DENIED' },
  DIGEST_INVALID: { status: 400, code: 'DIGEST_INVALID' },
  // The specification has no code for requests outside of it.
  HEADERS_TOO_MANY: { status: 431, code: 'UNSUPPORTED' },
  IMAGE_INCOMPLETE: { status: 409, code: 'MANIFEST_BLOB_UNKNOWN' },
  MAINTENANCE: { status: 503, code: 'UNAVAILABLE', retryAfterSeconds: 30 },
  MANIFEST_BLOB_UNKNOWN: { status: 400, code: 'MANIFEST_BLOB_UNKNOWN' },
  MANIFEST_INVALID: { status: 400, code: 'MANIFEST_INVALID' },
  MANIFEST_TOO_LARGE: { status: 413, code: 'SIZE_INVALID' },
  MANIFEST_UNKNOWN: { status: 404, code: 'MANIFEST_UNKNOWN' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, code: 'UNSUPPORTED' },
  METHOD_UNSUPPORTED: { status: 405, code: 'UNSUPPORTED' },
  NAME_INVALID: { status: 400, code: 'NAME_INVALID' },
  NAME_UNKNOWN: { status: 404, code: 'NAME_UNKNOWN' },
  NO_SUCH_ENDPOINT: { status: 404, code: 'UNSUPPORTED' },
  PAGINATION_NUMBER_INVALID: { status: 400, code: 'PAGINATION_NUMBER_INVALID' },
  PARAMETER_INVALID: { status: 400, code: 'PARAMETER_INVALID' },
  PUBLICATION_UNKNOWN: { status: 404, code: 'PUBLICATION_UNKNOWN' },
  READ_ONLY: { status: 405, code: 'UNSUPPORTED' },
  RANGE_INVALID: { status: 416, code: 'RANGE_INVALID' },
  REQUEST_MALFORMED: { status: 400, code: 'UNSUPPORTED' },
  SIZE_INVALID: { status: 400, code: 'SIZE_INVALID' },
  STORE_FULL: { status: 503, code: 'UNAVAILABLE' },
  // The driver has retried for seconds already.
  STORE_UNAVAILABLE: { status: 503, code: 'UNAVAILABLE', retryAfterSeconds: 5 },
  SUPERSEDED: { status: 409, code: 'DENIED' },
  TAG_INVALID: { status: 400, code: 'TAG_INVALID' },
  TAG_MOVED: { status: 412, code: 'PRECONDITION_FAILED' },
  TAGGED_TOO_OFTEN: { status: 409, code: 'DENIED' },
  TAGS_TOO_MANY: { status: 414, code: 'TAG_INVALID' },
  TOO_MANY_REQUESTS: { status: 429, code: 'TOOMANYREQUESTS' },
  // The authenticator has set `WWW-Authenticate`.
  UNAUTHORIZED: { status: 401, code: 'UNAUTHORIZED' },
  UNAVAILABLE: { status: 503, code: 'UNAVAILABLE', retryAfterSeconds: 2 },
  UNRECORDED: { status: 503, code: 'UNAVAILABLE', retryAfterSeconds: 2 },
  UPLOAD_SCATTERED: { status: 400, code: 'BLOB_UPLOAD_INVALID' },
  WAIT_TIMED_OUT: { status: 504, code: 'UNAVAILABLE' },
} satisfies Record<ErrorKind, OnTheWire>;

/** A failure in the specification's shape (distribution specification, "Error Codes"). */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: {
    readonly errors: readonly [
      { readonly code: string; readonly message: string; readonly detail?: unknown },
    ];
  };
  readonly retryAfterSeconds?: number | undefined;
  /** True for faults of the registry, which are logged with a stack trace. */
  readonly isFault: boolean;
}

/** The answer to anything thrown. Details of what is not a {@link RegistryError} go to the log, not to the client. */
export function answerTo(error: unknown, requestId: string): ErrorAnswer {
  if (error instanceof RegistryError) {
    const { status, code, retryAfterSeconds }: OnTheWire = ANSWERS[error.kind];
    const { message, detail } = error;
    const body = { errors: [{ code, message, ...(detail && { detail }) }] } as const;
    const own = detail?.['retryAfterSeconds'];
    return {
      ...{ status, body, isFault: false },
      retryAfterSeconds: typeof own === 'number' ? own : retryAfterSeconds,
    };
  }
  if (error instanceof StoreFullError)
    return faultOf(ANSWERS.STORE_FULL, "the registry's storage is full; its operator has to free space");
  const logged = `the log has the reason under request ${requestId}`;
  if (error instanceof StoreUnavailableError)
    return faultOf(
      ANSWERS.STORE_UNAVAILABLE,
      `the registry's storage does not answer as it should; try again later; ${logged}`,
    );
  return faultOf({ status: 500, code: 'UNKNOWN' }, `internal error; ${logged}`);
}

function faultOf({ status, code, retryAfterSeconds }: OnTheWire, message: string): ErrorAnswer {
  return { status, body: { errors: [{ code, message }] }, retryAfterSeconds, isFault: true };
}
