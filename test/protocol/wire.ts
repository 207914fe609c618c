import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { Readable } from 'node:stream';
import { expect } from 'chai';

/** An answer, with nothing decoded, followed or added. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** A buffer is sent with its Content-Length, anything else in chunks. */
  readonly body?: Buffer | AsyncIterable<Buffer>;
}

/**
 * Sends a request whose target stands on the wire exactly as given: fetch would resolve `..`, encode and follow.
 * A connection of its own each, so that no request can suffer from the one before; kept alive until the answer is
 * read, as clients do.
 */
export function send(
  base: string,
  target: string,
  { method = 'GET', headers, body }: Sent = {},
): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const length = Buffer.isBuffer(body) ? { 'content-length': body.length } : {};
    const outgoing = request({
      ...{ hostname, port, method, path: target, agent: false },
      headers: { connection: 'keep-alive', ...length, ...headers },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        });
        outgoing.destroy();
      });
    });
    if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body);
    else Readable.from(body).pipe(outgoing);
  });
}

/** A body without a length, in pieces of at most `pieceBytes`. */
export async function* inPieces(bytes: Buffer, pieceBytes = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** The JSON of an answer. */
export function jsonOf(answer: Answer): unknown {
  return JSON.parse(answer.body.toString('utf8'));
}

/** A failure in the specification's shape. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Holds an answer to be a failure of this status and code, in the specification's shape; returns it. */
export function expectError(answer: Answer, status: number, code: string): WireError {
  expect(answer.status, answer.body.toString()).to.equal(status);
  expect(answer.headers['content-type']).to.equal('application/json');
  const { errors } = jsonOf(answer) as { errors: WireError[] };
  const [error] = errors;
  expect(errors).to.have.length(1);
  expect(error?.code).to.equal(code);
  expect(error?.message).to.be.a('string').that.is.not.empty;
  return error as WireError;
}
