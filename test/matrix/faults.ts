import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Random } from '../faults/random.ts';

/** What the server behind the proxy answered. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request that meets a fault. */
export interface Exchange {
  readonly socket: Socket;
  readonly outgoing: ServerResponse;
  /** Where the origin has the same blob. */
  readonly originUrl: string;
  /** Asks the server behind the proxy. */
  ask(): Promise<WholeAnswer>;
  /** Sends an answer on, or that of the server. */
  pass(answer?: WholeAnswer): Promise<void>;
}

/** What happens to every request at the faulty mirror, or to its port. */
export type Strike =
  | { readonly kind: 'request'; readonly handle: (exchange: Exchange) => unknown }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'unknown certificate' };

/** A fault of a mirror, by the name that the table has for it. */
export interface Fault {
  readonly name: string;
  /** Makes it; a new one for each mirror, since some count. */
  readonly strike: () => Strike;
  /** A look at the headers or at one byte does not show it: somebody has to read a blob. */
  readonly isInBody?: boolean;
  /** It leaves wrong bytes with a client that continues downloads; nothing that comes after them can be right. */
  readonly leavesWrongStart?: boolean;
  /** What the contract asks of a mirror that cannot serve a blob: no client suffers from it. */
  readonly isHarmless?: boolean;
  /** The longest that it may take from the first client that failed to the day that `roadstead status` names it. */
  readonly noticedWithinMs: number;
}

/** A request for one byte is answered well: the faults below are those of large answers, which probes do not see. */
const SPOILED_FROM_BYTES = 4096;
const NOTICED_MS = 10_000;
/** Faults that come and go need some requests until they are more than an accident. */
const FLAPPING_NOTICED_MS = 30_000;
const FLAPPING_SEED = 30;
const FLAPPING_CHANCE = 0.3;
const PAGE = '<!doctype html><title>Welcome</title><p>Please accept the terms of use of this network.</p>\n';

function request(
  name: string,
  handle: (exchange: Exchange) => unknown,
  more: Partial<Omit<Fault, 'name'>> = {},
): Fault {
  return { name, strike: () => ({ kind: 'request', handle }), noticedWithinMs: NOTICED_MS, ...more };
}

function status(code: number, headers: Record<string, string> = {}): Fault {
  return request(String(code), ({ outgoing }) => outgoing.writeHead(code, headers).end(`${code}\n`));
}

/** A fault in the bytes of a large answer. */
function body(name: string, spoil: (exchange: Exchange, answer: WholeAnswer) => void): Fault {
  const handle = async (exchange: Exchange) => {
    const answer = await exchange.ask();
    const isLarge = answer.status < 300 && answer.body.length >= SPOILED_FROM_BYTES;
    if (isLarge) spoil(exchange, answer);
    else await exchange.pass(answer);
  };
  return request(name, handle, { isInBody: true });
}

const half = ({ body: bytes }: WholeAnswer) => bytes.subarray(0, Math.floor(bytes.length / 2));

/** Sends the headers of the whole and half of the body; `then` is called when that has left. */
function sendHalf({ outgoing }: Exchange, answer: WholeAnswer, then: () => void): void {
  outgoing.writeHead(answer.status, answer.headers);
  outgoing.write(half(answer), then);
}

function inverted(bytes: Buffer): Buffer {
  const wrong = Buffer.from(bytes);
  const middle = Math.floor(wrong.length / 2);
  for (let i = middle; i < middle + 8; i++) wrong[i] = (wrong[i] ?? 0) ^ 0xff;
  return wrong;
}

/** Every fault of the matrix, in the order of its rows. */
export const FAULTS: readonly Fault[] = [
  status(404),
  status(403),
  status(500),
  status(503),
  status(429, { 'retry-after': '1' }),
  { name: 'refused', strike: () => ({ kind: 'refuse' }), noticedWithinMs: NOTICED_MS },
  request('reset', ({ socket }) => socket.resetAndDestroy()),
  request('hang', () => undefined),
  body('stall', (exchange, answer) => sendHalf(exchange, answer, () => undefined)),
  body('cut-fin', (exchange, answer) => sendHalf(exchange, answer, () => exchange.socket.end())),
  body('cut-rst', (exchange, answer) => sendHalf(exchange, answer, () => exchange.socket.resetAndDestroy())),
  body('short', ({ outgoing }, answer) => {
    const bytes = half(answer);
    outgoing.writeHead(answer.status, { ...answer.headers, 'content-length': String(bytes.length) });
    outgoing.end(bytes);
  }),
  {
    ...body('wrong', ({ outgoing }, answer) => {
      outgoing.writeHead(answer.status, answer.headers).end(inverted(answer.body));
    }),
    leavesWrongStart: true,
  },
  request('html', ({ outgoing }) => outgoing.writeHead(200, { 'content-type': 'text/html' }).end(PAGE), {
    leavesWrongStart: true,
  }),
  { name: 'tls', strike: () => ({ kind: 'unknown certificate' }), noticedWithinMs: NOTICED_MS },
  {
    name: 'flapping',
    strike: () => {
      const random = new Random(FLAPPING_SEED);
      const handle = ({ outgoing, pass }: Exchange) =>
        random.chance(FLAPPING_CHANCE) ? outgoing.writeHead(503).end() : pass();
      return { kind: 'request', handle };
    },
    noticedWithinMs: FLAPPING_NOTICED_MS,
  },
  request('bounce', ({ outgoing, originUrl }) => outgoing.writeHead(307, { location: originUrl }).end(), {
    isHarmless: true,
  }),
];
