import { RegistryError } from '../oci/errors.ts';

/**
 * 429 with `Retry-After`: what there is too much of, and when it is worth trying again. Without a stack, which costs more
 * than all the rest: whoever is turned away by the thousand must cost little, and the message tells from where.
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
