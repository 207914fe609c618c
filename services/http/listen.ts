import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ListenOptions {
  /** Empty for every interface. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** PEM files; plain HTTP without. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
}

/** An open port. Disposing it closes at once; {@link Listener.drain} lets requests under way finish. */
export interface Listener extends AsyncDisposable {
  /** Such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Takes no new connections, and waits up to `timeoutMs` for the answers under way; what is left is cut. */
  drain(timeoutMs: number): Promise<void>;
}

/** Headers of one request may weigh so much, as nginx's `large_client_header_buffers` allows. */
const HEADER_MAX_BYTES = 32 * 1024;
/** A client has so long to send its headers; a slow one holds a connection, nothing more. */
const HEADERS_TIMEOUT_MS = 20_000;
/** No byte in either direction for so long ends a connection. Uploads and downloads that move are never cut. */
const IDLE_TIMEOUT_MS = 120_000;

/** Opens a port. */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<Listener> {
  const settings = { maxHeaderSize: HEADER_MAX_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 };
  const server: Server = options.tls
    ? createTlsServer({ ...settings, minVersion: 'TLSv1.2', ...(await readTls(options.tls)) }, handler)
    : createServer(settings, handler);
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, ...(options.host && { host: options.host }) }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host || '0.0.0.0';
  return {
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    drain: (timeoutMs) => drain(server, timeoutMs),
    [Symbol.asyncDispose]: () => drain(server, 0),
  };
}

async function readTls(tls: { certificate: string; key: string }): Promise<{ cert: Buffer; key: Buffer }> {
  const [cert, key] = await Promise.all([readFile(tls.certificate), readFile(tls.key)]);
  return { cert, key };
}

async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Connections kept alive fall idle one after the other, as their last answers end.
  const closingIdle = setInterval(() => server.closeIdleConnections(), 50);
  const patience = new AbortController();
  const outOfPatience = sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([closed, outOfPatience]);
  patience.abort();
  clearInterval(closingIdle);
  server.closeAllConnections();
  await closed;
}
