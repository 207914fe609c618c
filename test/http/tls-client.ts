import { once } from 'node:events';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';

/** A TLS connection that may be asked more than once. */
export interface Connection extends Disposable {
  /** The common name of the certificate that the server showed. */
  readonly server: string;
  readonly socket: TLSSocket;
  /** The body of the answer to `GET /`. */
  ask(): Promise<string>;
}

/** Connects to a listener on 127.0.0.1; throws what the handshake failed with. */
export async function connectTo(url: string, options: ConnectionOptions = {}): Promise<Connection> {
  const socket = connect({
    ...{ host: '127.0.0.1', port: Number(new URL(url).port), servername: 'localhost' },
    // What is looked at is which certificate is shown, by name: it is self-made.
    rejectUnauthorized: false,
    ...options,
  });
  await once(socket, 'secureConnect');
  return {
    // A resumed session has no certificate to show.
    server: socket.isSessionReused() ? '(resumed)' : String(socket.getPeerCertificate().subject.CN),
    socket,
    ask: () => ask(socket),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** The common name of the certificate that a new connection is shown. */
export async function shownBy(url: string): Promise<string> {
  using connection = await connectTo(url);
  return connection.server;
}

/** What one connection gets: the answer, or the code of what it failed with. */
export async function outcome(url: string, options: ConnectionOptions = {}): Promise<string> {
  try {
    using connection = await connectTo(url, options);
    return await connection.ask();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function ask(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer) => {
      text += chunk.toString();
      const [, length, rest] = /content-length: (\d+)[\s\S]*?\r\n\r\n([\s\S]*)$/i.exec(text) ?? [];
      if (rest === undefined || rest.length < Number(length)) return;
      socket.off('data', onData);
      resolve(rest);
    };
    const gone = () =>
      reject(Object.assign(new Error('the connection ended without an answer'), { code: 'GONE' }));
    socket.on('data', onData).once('error', reject).once('close', gone);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  });
}
