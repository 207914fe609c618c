import { RegistryError } from '../oci/errors.ts';

/**
 * 429 with `Retry-After`. Without a stack, which would cost more than everything else: rejecting thousands of requests
 * must be cheap, and the message says where the error comes from.
 */
export function tooMany(what: string, waitMs: number): RegistryError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new RegistryError('TOO_MANY_REQUESTS', `${what}; try again in ${retryAfterSeconds} s`, {
      retryAfterSeconds,
    });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
