import { OperatorError } from '../registry/runtime/operator-error.ts';

/** The variable that sets a key: `REGISTRY_HTTP_ADDR` for `http.addr`. */
export function variableOf(key: string): string {
  return `REGISTRY_${key.toUpperCase().replaceAll('.', '_')}`;
}

/** Why a port cannot be opened, and what helps, by the system's error code. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process already listens there: stop it, or choose another port',
  EACCES: 'this user may not listen there: choose a port above 1023, or allow it (CAP_NET_BIND_SERVICE)',
  EADDRNOTAVAIL: 'this machine does not have that address: choose one that it has',
  ENOTFOUND: 'no such host: choose an address of this machine',
  EAI_AGAIN: 'the host name cannot be looked up: choose an address of this machine',
};

/**
 * Turns the system's error of a port that cannot be opened into an {@link OperatorError}; other errors stay as they are.
 * `key` has the address; `settable`, if it is another one, gives this process its own.
 */
export function listenError(
  error: unknown,
  { key, settable = key }: { readonly key: string; readonly settable?: string | undefined },
  { host, port }: { readonly host: string; readonly port: number },
): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  const reason = REASONS[code];
  if (reason === undefined) return error;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new OperatorError(
    `${key} = ${address}: ${reason}, by ${settable} in the configuration file or by the variable ${variableOf(settable)} (${code})`,
    { cause: error },
  );
}
