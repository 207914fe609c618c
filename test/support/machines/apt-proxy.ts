import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A proxy by which machines, which have no other way out, fetch Debian's packages. */
export interface AptProxy extends AsyncDisposable {
  readonly url: string;
}

/** Opens a proxy for plain HTTP, which is what apt uses: packages are checked by their signatures. */
export async function openAptProxy(host: string): Promise<AptProxy> {
  const server = createServer((incoming, answer) => {
    const { method, url = '', headers } = incoming;
    if (!URL.canParse(url)) return void answer.writeHead(400).end();
    const { connection: _, 'proxy-connection': __, ...passed } = headers;
    const outgoing = request(url, { method, headers: passed }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      void pipeline(found, answer).catch(() => undefined);
    });
    outgoing.on('error', () => answer.destroy());
    outgoing.end();
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
