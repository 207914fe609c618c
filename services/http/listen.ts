import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { answerBare } from './bare-answer.ts';
import { type ConnectionLimits, limitConnections, type Refusal } from './connections.ts';
import { drain } from './drain.ts';
import { flawOf, isEndInDoubt } from './framing.ts';
import { listenError } from './operator-errors.ts';
import { type PaceLimits, type Slowness, watchPace } from './pace.ts';
import { toOriginForm } from './target.ts';
import { parseTls, readTlsFiles, type TlsOptions } from './tls.ts';
import { clientAuthOf, handshakeSettings, refuseOthers } from './tls-clients.ts';
import { TlsReloader } from './tls-reload.ts';
import { TicketKeys, type TicketOptions } from './tls-tickets.ts';

/** TLS, and who is told when its files change or end. */
export interface ListenTls extends TlsOptions {
  readonly logger: Logger;
  /** How often the files are read again, should no event tell that they changed; 10 s unless given. */
  readonly pollIntervalMs?: number | undefined;
  readonly tickets?: TicketOptions | undefined;
}

/** What clients may take of a port. */
export interface ListenLimits {
  readonly connections: ConnectionLimits;
  readonly pace?: PaceLimits | undefined;
  /** Told of each connection that was not taken, or was cut, from which address. */
  readonly closed: (reason: Refusal | Slowness, address: string) => void;
}

export interface ListenOptions {
  /** Empty for every interface. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The setting that says where, for errors. */
  readonly key?: string | undefined;
  /** Plain HTTP without. */
  readonly tls?: ListenTls | undefined;
  /** Without, none but those of time. */
  readonly limits?: ListenLimits | undefined;
  /** How long a connection may be idle between two requests; {@link IDLE_BETWEEN_REQUESTS_MS} unless given. */
  readonly idleTimeoutMs?: number | undefined;
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
/** A client has so long to shake hands, and so long to send its headers; a slow one holds a connection, nothing more. */
const HEADERS_TIMEOUT_MS = 20_000;
/** How often Node looks for those whose time is over; its own 30 s would more than double it. */
const TIMEOUTS_CHECK_MS = 5000;
/** No byte in either direction for so long ends a connection. Uploads and downloads that move are never cut. */
const IDLE_TIMEOUT_MS = 120_000;
/**
 * The side that closes an idle connection last loses no request: a proxy that sends one into a connection that is closing can
 * only answer 502. So it is longer than those of proxies: Envoy has an hour, Google's balancers 10 min, Caddy 2 min.
 */
const IDLE_BETWEEN_REQUESTS_MS = 65 * 60_000;
/** TCP asks a silent client after so long whether it is still there; of one that has gone nothing else is ever heard. */
const PROBE_AFTER_MS = 60_000;

/**
 * Opens a port. With TLS, new certificates are taken up as the files change. Throws an Error that names the key when
 * a file cannot be read or used, or the port cannot be had.
 */
export async function listen(listener: RequestListener, options: ListenOptions): Promise<Listener> {
  const handler: RequestListener = (request, response) => {
    toOriginForm(request);
    const flaw = flawOf(request);
    if (flaw) {
      if (isEndInDoubt(request)) response.setHeader('Connection', 'close');
      return answerBare(request, response, flaw);
    }
    return listener(request, response);
  };
  const settings = {
    ...{ maxHeaderSize: HEADER_MAX_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 },
    connectionsCheckingInterval: TIMEOUTS_CHECK_MS,
    ...{ keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
  };
  const tls = options.tls && (await serveTls(handler, settings, options.tls));
  const server: Server = tls?.server ?? createServer(settings, handler);
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.keepAliveTimeout = options.idleTimeoutMs ?? IDLE_BETWEEN_REQUESTS_MS;
  const watching = options.limits && limit(server, options.limits);
  await new Promise<void>((resolve, reject) => {
    const { key = 'http.addr', host, port } = options;
    server.once('error', (error) => reject(listenError(error, key, host, port)));
    server.listen({ port: options.port, ...(options.host && { host: options.host }) }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
  const reloader = tls?.keepFresh();
  const close = async (timeoutMs: number) => {
    reloader?.[Symbol.dispose]();
    await drain(server, timeoutMs);
    watching?.[Symbol.dispose]();
  };
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host || '0.0.0.0';
  return {
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    drain: close,
    [Symbol.asyncDispose]: () => close(0),
  };
}

function limit(server: Server, { connections, pace, closed }: ListenLimits): Disposable | undefined {
  limitConnections(server, connections, closed);
  return pace && watchPace(server, pace, (what, request) => closed(what, request.socket.remoteAddress ?? ''));
}

async function serveTls(
  handler: RequestListener,
  settings: object,
  tls: ListenTls,
): Promise<{ server: TlsServer; keepFresh: () => TlsReloader }> {
  const identity = parseTls(await readTlsFiles(tls), tls);
  const clientAuth = clientAuthOf(tls);
  const handshake = { handshakeTimeout: HEADERS_TIMEOUT_MS, ...handshakeSettings(clientAuth) };
  const tickets = new TicketKeys(tls.tickets ?? {});
  const server = createTlsServer(
    { ...settings, ...handshake, ...identity.context, ...tickets.settingsFor(identity) },
    handler,
  );
  refuseOthers(server, clientAuth);
  const { logger, pollIntervalMs } = tls;
  return {
    server,
    keepFresh: () => new TlsReloader({ server, options: tls, identity, tickets, logger, pollIntervalMs }),
  };
}
