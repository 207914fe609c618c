import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A port to which nobody should ever connect. */
export interface Canary extends AsyncDisposable {
  readonly port: number;
  /** What was sent first over each connection that came. */
  readonly heard: string[];
}

/** Listens on all addresses of this machine, IPv6 too. */
export async function startCanary(): Promise<Canary> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    const place = heard.push('') - 1;
    socket.on('error', () => undefined);
    socket.once('data', (chunk: Buffer) => {
      heard[place] = chunk.toString('latin1').slice(0, 200);
      socket.destroy();
    });
  });
  server.listen(0, '::');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
