import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { join } from 'node:path';
import type { Pair } from '../http/certificates.ts';
import { freePort } from '../support/ports.ts';
import type { MirrorEntry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { type Faults, Gate } from './faults.ts';
import { answerFile } from './public-side.ts';
import { WriteSide } from './write-side.ts';

/** A request that a mirror got. */
export interface MirrorRequest {
  readonly side: 'public' | 'write';
  readonly method: string;
  readonly path: string;
  readonly atMs: number;
  /** Of its body, so far. */
  receivedBytes: number;
  /** 0 until it is answered. */
  status: number;
}

export interface FaultMirrorOptions {
  readonly faults?: Faults;
  /** The directory that it serves; a new one unless given. */
  readonly root?: string;
  /** The public port speaks TLS with this. */
  readonly tls?: Pair;
}

/** A mirror that breaks in the ways in which no real server breaks on demand. */
export interface FaultMirror extends AsyncDisposable {
  /** Where clients are sent. */
  readonly url: string;
  /** Where the sync worker writes; another port of the same server, over the same directory. */
  readonly davUrl: string;
  readonly root: string;
  readonly faults: Faults;
  /** Every request so far. */
  readonly requests: readonly MirrorRequest[];
  /** Shows another certificate on new connections to the public port; those that are open stay. */
  showCertificate(pair: Pair): void;
  /** Its entry in the configuration, with other keys if given. */
  entry(name: string, more?: Readonly<Record<string, unknown>>): MirrorEntry;
}

/** Starts a mirror in this process, on free ports of loopback. */
export async function startFaultMirror(options: FaultMirrorOptions = {}): Promise<FaultMirror> {
  await using cleanUp = new AsyncDisposableStack();
  const root = options.root ?? join(cleanUp.use(await tempDir('mirror')).path, 'root');
  const faults: Faults = { ...options.faults };
  const gate = new Gate(faults);
  const writeSide = new WriteSide(root, faults, gate);
  const requests: MirrorRequest[] = [];

  const answer = async (side: MirrorRequest['side'], request: IncomingMessage, response: ServerResponse) => {
    const { method = '' } = request;
    const path = new URL(request.url ?? '/', 'http://mirror').pathname;
    const seen: MirrorRequest = { side, method, path, atMs: performance.now(), receivedBytes: 0, status: 0 };
    requests.push(seen);
    response.once('finish', () => {
      seen.status = response.statusCode;
    });
    if (faults.hangs || (faults.readsNothing && method === 'PUT')) return;
    const refusal = gate.refusal(request, side === 'public');
    if (refusal) {
      request.on('data', (chunk: Buffer) => {
        seen.receivedBytes += chunk.length;
      });
      response.writeHead(refusal.status, { ...refusal.headers, 'content-length': 0 }).end();
    } else if (method === 'GET' || method === 'HEAD') {
      await answerFile(join(root, path), request, response, { faults, gate, isPublic: side === 'public' });
    } else {
      const onBytes = (sizeBytes: number) => {
        seen.receivedBytes += sizeBytes;
      };
      const status = side === 'write' ? await writeSide.answer(request, path, onBytes) : 405;
      response.writeHead(status, { 'content-length': 0 }).end();
    }
  };

  let tlsServer: TlsServer | undefined;
  const listen = async (side: MirrorRequest['side'], tls?: Pair): Promise<string> => {
    const handle = (request: IncomingMessage, response: ServerResponse) =>
      void answer(side, request, response).catch(() => response.destroy());
    const server = tls ? createTlsServer(filesOf(tls), handle) : createServer(handle);
    if ('setSecureContext' in server) tlsServer = server;
    // Slow uploads take longer than Node allows by default.
    server.requestTimeout = 0;
    const port = await freePort();
    server.listen(port, '127.0.0.1').unref();
    await once(server, 'listening');
    cleanUp.defer(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    return `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  };
  const [url, davUrl] = [await listen('public', options.tls), await listen('write')];
  const held = cleanUp.move();
  return {
    ...{ url, davUrl, root, faults, requests },
    entry: (name, more = {}) => ({ name, url, sameoperator: true, write: { webdav: davUrl }, ...more }),
    showCertificate: (pair) => tlsServer?.setSecureContext(filesOf(pair)),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function filesOf({ certificate, key }: Pair): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}
