import { RegistryError } from '../../oci/errors.ts';

/** Others have kept the repository busy for as long as the change could wait. */
export function busy(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'others are changing this repository: try again');
}

/** A late write may still undo the change, for this time in milliseconds. */
export function inDoubt(ms: number): RegistryError {
  const retryAfterSeconds = Math.max(1, Math.ceil(ms / 1000));
  return new RegistryError(
    'UNAVAILABLE',
    `the store gave no answer to an earlier change, which may still come: try again in ${retryAfterSeconds} s`,
    { retryAfterSeconds },
  );
}

/** The turn may be over. */
export function tookTooLong(): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    'the store took too long for this change, and another one may have begun: try again',
  );
}

/** The client has gone, so nobody would learn of the change. */
export function clientGone(cause: unknown): RegistryError {
  return new RegistryError('CLIENT_GONE', 'the client has gone: nothing more is changed', undefined, cause);
}
