import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes connections to a port of this machine's loopback on, for machines that only reach its bridge. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
}

/** Opens a port at an address. */
export async function openRelay(host: string, toPort: number): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(toPort, '127.0.0.1');
    for (const [each, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(each);
      each.on('error', () => other.destroy()).on('close', () => open.delete(each));
      each.pipe(other);
    }
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}
