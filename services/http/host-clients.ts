import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isAddress, isLoopback, type NetworkTest } from '../registry/access/networks.ts';
import { RegistryError } from '../registry/oci/errors.ts';

/** The ends of a connection. */
type Connection = Pick<Socket, 'remoteAddress' | 'localAddress'>;
/** Whether the client of a connection may be served. */
export type ClientTest = (connection: Connection) => boolean;

const ROUTES = '/proc/net/route';
/** RTF_GATEWAY: the route leads over another machine. */
const GATEWAY_FLAG = 2;

/** The answer to any other client. */
export const HOST_ONLY = new RegistryError(
  'DENIED',
  'this port is plain HTTP, and serves only the machine that runs it: for other clients, set http.tls, or ' +
    'http.trustedproxies behind a proxy that ends TLS (docs/container.md)',
);

/**
 * Accepts clients on this machine and, in a container, on the machine that runs it: what it sends to a published port comes
 * from the default gateway, or from the container's own address. Also accepts the addresses that `others` does.
 */
export async function hostClients(others: NetworkTest): Promise<ClientTest> {
  const gateways = new Set(gatewaysOf(await readFile(ROUTES, 'utf8').catch(() => '')));
  return ({ remoteAddress, localAddress }) => {
    if (remoteAddress === undefined) return false;
    const address = usual(remoteAddress);
    return (
      isLoopback(address) ||
      (localAddress !== undefined && address === usual(localAddress)) ||
      gateways.has(address) ||
      others(address)
    );
  };
}

/** The default gateways in a table of routes, as Linux prints it: fields in hexadecimal, addresses in the host's order. */
export function gatewaysOf(table: string): string[] {
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([, destination, gateway = '', flags = '']) =>
    destination === '00000000' && Number.parseInt(flags, 16) & GATEWAY_FLAG ? [dotted(gateway)] : [],
  );
}

/** Every machine that the registry runs on is little-endian. */
function dotted(hex: string): string {
  return [...Buffer.from(hex, 'hex').reverse()].join('.');
}

function usual(address: string): string {
  return isAddress(address) ? ipaddr.process(address).toString() : address;
}
