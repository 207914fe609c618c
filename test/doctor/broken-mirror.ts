import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { pathOnMirror } from '../clients/mirrored.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';

/** The blob that mirrors of these tests hold. */
export const BYTES = newBytes(200_000);
export const DIGEST = sha256(BYTES);
export const BLOB_PATH = `/${pathOnMirror(DIGEST)}`;
const ANY_BLOB = /^\/docker\/registry\/v2\/blobs\/sha256\/[0-9a-f]{2}\/[0-9a-f]{64}\/data$/;

/** What a request is about. */
export type Subject = 'held' | 'missing' | 'no blob';

/** A request to a mirror, and how a sound one would answer it. */
export interface Asked {
  readonly subject: Subject;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Undefined for a request without Range. */
  readonly range: string | undefined;
  /** Answers as a sound mirror does, with other headers where given. */
  sound(headers?: Readonly<Record<string, string | undefined>>): void;
}

/** Answers what it breaks and returns true; false leaves the request to a sound mirror. */
export type Break = (asked: Asked) => boolean;

/** A server of this process. */
export interface LocalServer extends AsyncDisposable {
  readonly port: number;
}

/** Starts a mirror that is broken in one way; its origin is the path `/origin` of `originUrl`. */
export function startBroken(
  break_: Break,
  { originUrl, tls }: { originUrl: string; tls?: { cert: Buffer; key: Buffer } },
): Promise<LocalServer> {
  const listener: RequestListener = (request, response) => {
    const { url = '' } = request;
    const subject = url === BLOB_PATH ? 'held' : ANY_BLOB.test(url) ? 'missing' : 'no blob';
    const sound = (headers: Readonly<Record<string, string | undefined>> = {}) =>
      answerSoundly(subject, request, response, { originUrl, headers });
    const asked = { subject, request, response, range: request.headers.range, sound } as const;
    if (!break_(asked)) sound();
  };
  return listen(tls ? createTlsServer(tls, listener) : createServer(listener));
}

/** Starts an origin: knows the blob of these tests, and answers 404 for the rest. */
export function startOrigin(status?: number): Promise<LocalServer> {
  return listen(
    createServer((request, response) => {
      if (status !== undefined) response.writeHead(status).end();
      else if (request.url !== `/origin${BLOB_PATH}`) response.writeHead(404).end();
      else answerSoundly('held', request, response, { originUrl: '', headers: {} });
    }),
  );
}

/** Starts a server that is no web server. */
export function startTcp(onConnection: (socket: Socket) => void): Promise<LocalServer> {
  return listen(createTcpServer(onConnection));
}

function answerSoundly(
  subject: Subject,
  { method, url, headers: { range } }: IncomingMessage,
  response: ServerResponse,
  { originUrl, headers }: { originUrl: string; headers: Readonly<Record<string, string | undefined>> },
): void {
  if (subject === 'no blob') return void response.writeHead(404).end();
  if (subject === 'missing') {
    response.writeHead(307, { location: `${originUrl}/origin${url}`, 'cache-control': 'no-store' }).end();
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const from = Number(first ?? 0);
  const bytes = BYTES.subarray(from, last ? Number(last) + 1 : BYTES.length);
  const all = {
    'content-length': String(bytes.length),
    'docker-content-digest': DIGEST,
    ...(first && { 'content-range': `bytes ${from}-${from + bytes.length - 1}/${BYTES.length}` }),
    ...headers,
  };
  response.writeHead(
    first ? 206 : 200,
    Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  );
  response.end(method === 'HEAD' ? undefined : bytes);
}

async function listen(server: Server): Promise<LocalServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
