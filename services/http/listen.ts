import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { answerBare } from './bare-answer.ts';
import { Answer } from './caching.ts';
import { type ConnectionLimits, limitConnections, type Refusal } from './connections.ts';
import { flawOf, isEndInDoubt } from './framing.ts';
import { type ClientTest, HOST_ONLY } from './host-clients.ts';
import { demandSameAddress } from './inherited.ts';
import { listenError } from './operator-errors.ts';
import { type PaceLimits, type Slowness, watchPace } from './pace.ts';
import { toOriginForm } from './target.ts';
import { parseTls, readTlsFiles, type TlsOptions } from './tls.ts';
import { clientAuthOf, handshakeSettings, refuseOthers } from './tls-clients.ts';
import { TlsReloader } from './tls-reload.ts';
import { TicketKeys, type TicketOptions } from './tls-tickets.ts';

/** TLS, with what reloading its files takes. */
export interface ListenTls extends TlsOptions {
  readonly logger: Logger;
  /** How often the files are polled for changes that raised no event; 10 s unless given. */
  readonly pollIntervalMs?: number | undefined;
  readonly tickets?: TicketOptions | undefined;
  /** Called with the end of the certificate in use, at first and whenever that is another. */
  readonly certificateInUse?: ((notAfter: Date) => void) | undefined;
}

/** How much of a port clients may use. */
export interface ListenLimits {
  readonly connections: ConnectionLimits;
  readonly pace?: PaceLimits | undefined;
  /** Called for each connection that was refused or closed, with the client's address. */
  readonly closed: (reason: Refusal | Slowness, address: string) => void;
}

export interface ListenOptions {
  /** Empty for every interface. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The setting that has this address, for errors. */
  readonly key?: string | undefined;
  /** The setting that gives this process another address, if that is not `key`. */
  readonly settable?: string | undefined;
  /** A listening socket of the service manager at this address, which takes the place of opening the port. */
  readonly descriptor?: number | undefined;
  /** Plain HTTP unless given. */
  readonly tls?: ListenTls | undefined;
  /** The clients that are served; all unless given. */
  readonly clients?: ClientTest | undefined;
  /** Only the timeouts apply unless given. */
  readonly limits?: ListenLimits | undefined;
  /** Idle timeout between two requests; {@link IDLE_BETWEEN_REQUESTS_MS} unless given. */
  readonly idleTimeoutMs?: number | undefined;
  /** Limit for the handshake, and again for a request's headers; {@link HEADERS_TIMEOUT_MS} unless given. */
  readonly headersTimeoutMs?: number | undefined;
}

/** An open port. Disposing closes it at once; {@link Listener.drain} lets requests under way finish. */
export interface Listener extends AsyncDisposable {
  /** Such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Changes the idle timeout between two requests, for connections that are open, too. */
  setIdleTimeout(timeoutMs: number): void;
  /** Whether it still accepts connections. */
  readonly isOpen: boolean;
  /** Stops accepting connections, waits up to `timeoutMs` for answers under way, and closes what is left. */
  drain(timeoutMs: number): Promise<void>;
}

/** All headers of one request; nginx's `large_client_header_buffers` allows as much. */
const HEADER_MAX_BYTES = 32 * 1024;
/** A slow client holds nothing but its connection. */
const HEADERS_TIMEOUT_MS = 20_000;
/** How often Node checks these limits; its default of 30 s would more than double them. */
const TIMEOUTS_CHECK_MS = 5000;
/** A connection without a byte in either direction for this long is closed. Transfers that move never are. */
const IDLE_TIMEOUT_MS = 120_000;
/**
 * Longer than the idle timeouts of proxies (Envoy 1 h, Google's balancers 10 min, Caddy 2 min): a proxy that sends a
 * request into a connection that we are closing can only answer 502.
 */
const IDLE_BETWEEN_REQUESTS_MS = 65 * 60_000;
/** TCP keepalive: finds clients that are gone without having closed the connection. */
const PROBE_AFTER_MS = 60_000;

/**
 * Opens a port. With TLS, changed certificate files are reloaded. Throws an OperatorError that names the key when a file
 * cannot be read or used, or the port cannot be opened.
 */
export async function listen(listener: RequestListener, options: ListenOptions): Promise<Listener> {
  const handler: RequestListener = (request, response) => {
    toOriginForm(request);
    const flaw = flawOf(request) ?? (options.clients?.(request.socket) === false ? HOST_ONLY : undefined);
    if (flaw) {
      if (isEndInDoubt(request)) response.setHeader('Connection', 'close');
      return answerBare(request, response, flaw);
    }
    return listener(request, response);
  };
  const { headersTimeoutMs = HEADERS_TIMEOUT_MS, descriptor } = options;
  const settings = {
    ...{ maxHeaderSize: HEADER_MAX_BYTES, headersTimeout: headersTimeoutMs, requestTimeout: 0 },
    connectionsCheckingInterval: Math.min(TIMEOUTS_CHECK_MS, headersTimeoutMs / 4),
    ...{ keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    ServerResponse: Answer,
  };
  const tls = options.tls && (await serveTls(handler, settings, options.tls));
  const server: Server = tls?.server ?? createServer(settings, handler);
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.keepAliveTimeout = options.idleTimeoutMs ?? IDLE_BETWEEN_REQUESTS_MS;
  const watching = options.limits && limit(server, options.limits);
  await new Promise<void>((resolve, reject) => {
    const { key = 'http.addr', settable, host, port } = options;
    server.once('error', (error) => reject(listenError(error, { key, settable }, options)));
    const place = descriptor === undefined ? { port, ...(host && { host }) } : { fd: descriptor };
    server.listen(place, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
  if (descriptor !== undefined)
    await demandSameAddress(options.key ?? 'http.addr', options, server.address()).catch((error: unknown) => {
      server.close();
      throw error;
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
    setIdleTimeout: (timeoutMs) => {
      server.keepAliveTimeout = timeoutMs;
    },
    get isOpen() {
      return server.listening;
    },
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
  settings: { readonly headersTimeout: number },
  tls: ListenTls,
): Promise<{ server: TlsServer; keepFresh: () => TlsReloader }> {
  const identity = parseTls(await readTlsFiles(tls), tls);
  const clientAuth = clientAuthOf(tls);
  const handshake = { handshakeTimeout: settings.headersTimeout, ...handshakeSettings(clientAuth) };
  const tickets = new TicketKeys(tls.tickets ?? {});
  const server = createTlsServer(
    { ...settings, ...handshake, ...identity.context, ...tickets.settingsFor(identity) },
    handler,
  );
  refuseOthers(server, clientAuth);
  const { logger, pollIntervalMs, certificateInUse } = tls;
  certificateInUse?.(identity.leaf.validToDate);
  return {
    server,
    keepFresh: () =>
      new TlsReloader({ server, options: tls, identity, tickets, logger, pollIntervalMs, certificateInUse }),
  };
}

/** Stops accepting connections, waits up to `timeoutMs` for answers under way, and closes what is left. */
async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Kept-alive connections become idle one by one, as their answers end.
  const closingIdle = setInterval(() => server.closeIdleConnections(), 50);
  const patience = new AbortController();
  const outOfPatience = sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([closed, outOfPatience]);
  patience.abort();
  clearInterval(closingIdle);
  server.closeAllConnections();
  await closed;
}
