import type { Config } from './schema.ts';
import type { ListenAddress } from './values.ts';

/** Where a process shows its health and metrics. */
export interface DebugAddress {
  readonly addr: ListenAddress;
  /** The setting that has the address. */
  readonly key: string;
  /** The setting that gives this process another one. */
  readonly settable: string;
}

/** The debug address of the process that runs these parts; undefined without `http.debug`. */
export function debugAddressOf(
  { http: { debug } }: Config,
  parts: readonly string[],
): DebugAddress | undefined {
  if (!debug) return undefined;
  const shared = { addr: debug.addr, key: 'http.debug.addr', settable: 'http.debug.addr' };
  const [only, ...others] = parts;
  if (others.length > 0 || (only !== 'token' && only !== 'release' && only !== 'sync')) return shared;
  const own = debug.addrs?.[only];
  const settable = `http.debug.addrs.${only}`;
  return own ? { addr: own, key: settable, settable } : { ...shared, settable };
}
