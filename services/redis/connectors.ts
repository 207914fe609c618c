import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { AbstractConnector, SentinelConnector } from 'ioredis';

/**
 * ioredis listens only to a socket's first error, and an error without a listener ends the process. A TLS connection that
 * is given up during its handshake has a second error when the server's certificate is bad (seen with ioredis 6.0.0;
 * `test/redis/connection.test.ts` holds it).
 */
function guarded(socket: Socket | TLSSocket): Socket | TLSSocket {
  return socket.on('error', () => undefined);
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls?: ConnectionOptions;
  readonly disconnectTimeout: number;
}

/** Connects to one server, or to one node of a cluster. */
export class ServerConnector extends AbstractConnector {
  readonly #target: Target;

  /** ioredis hands over all of a client's options. */
  constructor(options: unknown) {
    const target = options as Target;
    super(target.disconnectTimeout);
    this.#target = target;
  }

  async connect(): Promise<Socket | TLSSocket> {
    this.connecting = true;
    const { host, port, tls } = this.#target;
    const socket = guarded(tls ? connectTls({ host, port, ...tls }) : connectTcp({ host, port }));
    socket.once('error', (error) => {
      this.firstError = error;
    });
    this.stream = socket;
    return socket;
  }
}

/** Connects to the server that Sentinels name. */
export class MasterConnector extends SentinelConnector {
  /** ioredis hands over all of a client's options. */
  constructor(options: unknown) {
    super(options as ConstructorParameters<typeof SentinelConnector>[0]);
  }

  override async connect(
    ...args: Parameters<SentinelConnector['connect']>
  ): ReturnType<SentinelConnector['connect']> {
    return guarded(await super.connect(...args));
  }
}
