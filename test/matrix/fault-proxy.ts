import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { Pair } from '../http/certificates.ts';
import { freePort } from '../support/ports.ts';
import type { Exchange, Fault, Strike, WholeAnswer } from './faults.ts';

/** How requests of the registry itself begin their User-Agent. */
const OWN_AGENT = /^(roadstead|undici|node)/i;
/** They belong to one connection, not to the answer. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];

export interface FaultProxyOptions {
  /** The mirror behind it. */
  readonly upstream: string;
  /** Where that mirror would bounce to, without a trailing slash. */
  readonly originUrl: string;
  /** Has it speak TLS: the certificate that clients trust, and one that they do not. */
  readonly tls?: { readonly trusted: Pair; readonly unknown: Pair };
}

/** A request that came to the mirror. */
export interface MirrorRequest {
  readonly atMs: number;
  readonly method: string;
  readonly range: string;
  /** False for requests of the registry's own workers. */
  readonly isOfClient: boolean;
  readonly hasMetFault: boolean;
  /** When its answer had left, or its connection was gone. */
  endedAtMs?: number;
}

/** The public port of a mirror, which works until a fault strikes it. */
export interface SwitchableMirror extends AsyncDisposable {
  readonly url: string;
  /** All requests so far. Those that a closed port or a certificate kept away are not among them. */
  readonly requests: readonly MirrorRequest[];
  /** The fault is there from now on, and connections that are open meet it, too. */
  strike(fault: Fault): Promise<void>;
}

/** Starts the port, in front of a mirror on loopback. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<SwitchableMirror> {
  const { upstream, originUrl, tls } = options;
  const agent = new Agent({ keepAlive: true });
  const requests: MirrorRequest[] = [];
  let strike: Strike | undefined;

  const ask = async ({ method, url, headers }: IncomingMessage): Promise<WholeAnswer> => {
    const outgoing = httpRequest(`${upstream}${url}`, { agent, method, headers }).end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const kept = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.includes(name));
    return {
      status: answer.statusCode ?? 502,
      headers: Object.fromEntries(kept),
      body: await buffer(answer),
    };
  };

  const server: Server | TlsServer = tls ? createTlsServer(filesOf(tls.trusted)) : createServer();
  server.on('request', (incoming: IncomingMessage, outgoing) => {
    const { method = '', url = '', headers, socket } = incoming;
    const seen: MirrorRequest = {
      ...{ atMs: Date.now(), method, range: headers.range ?? '' },
      isOfClient: !OWN_AGENT.test(headers['user-agent'] ?? 'node'),
      hasMetFault: strike?.kind === 'request',
    };
    requests.push(seen);
    outgoing.once('close', () => {
      seen.endedAtMs = Date.now();
    });
    const pass: Exchange['pass'] = async (answer) => {
      const { status, headers: fields, body } = answer ?? (await ask(incoming));
      outgoing.writeHead(status, fields).end(body);
    };
    const exchange = { socket, outgoing, originUrl: `${originUrl}${url}`, ask: () => ask(incoming), pass };
    const handled = strike?.kind === 'request' ? strike.handle(exchange) : pass();
    Promise.resolve(handled).catch(() => socket.destroy());
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    async strike(fault) {
      strike = fault.strike();
      if (strike.kind === 'unknown certificate') {
        if (!tls || !('setSecureContext' in server)) throw new Error(`${fault.name} needs a mirror with TLS`);
        server.setSecureContext(filesOf(tls.unknown));
      }
      if (strike.kind === 'refuse') server.close();
      if (strike.kind === 'refuse') server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

function filesOf({ certificate, key }: Pair): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}
