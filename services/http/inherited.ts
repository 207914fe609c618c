import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import { EXIT_CONFIG } from '../registry/runtime/exit-codes.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';

/** Addresses of every interface: `:5000` of a configuration is a socket of both families, or of IPv4 alone. */
const EVERYWHERE = new Set(['', '0.0.0.0', '::']);

/**
 * Throws an OperatorError unless the service manager's socket listens where the setting says. What a configuration may do
 * depends on its addresses (plain HTTP without accounts is for loopback only): a socket elsewhere would evade that.
 */
export async function demandSameAddress(
  key: string,
  configured: { readonly host: string; readonly port: number },
  actual: AddressInfo | string | null,
): Promise<void> {
  const expected = textOf(configured.host, configured.port);
  if (actual === null || typeof actual === 'string')
    throw new OperatorError(
      `${key} = ${expected}: the service manager's socket for it is not a TCP socket: expected ListenStream=${expected}`,
      { exitCode: EXIT_CONFIG },
    );
  if (actual.port === configured.port && (await hasAddress(configured.host, actual.address))) return;
  throw new OperatorError(
    `${key} = ${expected}, but the service manager's socket for it listens on ${textOf(actual.address, actual.port)}: ` +
      `make ListenStream= of the socket unit and ${key} the same, or disable the socket unit`,
    { exitCode: EXIT_CONFIG },
  );
}

async function hasAddress(host: string, address: string): Promise<boolean> {
  if (EVERYWHERE.has(host)) return EVERYWHERE.has(address);
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.some((each) => each.address === address);
}

function textOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
