import { RegistryError } from '../errors.ts';

/** 429 with `Retry-After`: what there is too much of, and when it is worth trying again. */
export function tooMany(what: string, waitMs: number): RegistryError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new RegistryError('TOO_MANY_REQUESTS', `${what}; try again in ${retryAfterSeconds} s`, {
    retryAfterSeconds,
  });
}
