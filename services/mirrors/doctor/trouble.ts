/** A request that got no answer, in words for the person that runs the mirror. */
export class Trouble extends Error {
  override name = 'Trouble';
}

/** How long a mirror may be silent: before its headers, and between two pieces of a body. */
export const SILENCE_MS = 5000;

const SILENCE = `${SILENCE_MS / 1000} s`;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there, or a firewall rejects it',
  ECONNRESET: 'the connection was reset: see the error log of the server and of what is in front of it',
  EPIPE: 'the connection was closed',
  EHOSTUNREACH: 'there is no route to this host',
  ENETUNREACH: 'there is no route to this network',
  ETIMEDOUT: `no connection within ${SILENCE}: a firewall drops packets, or the server hangs`,
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${SILENCE}: a firewall drops packets, or the server hangs`,
  UND_ERR_HEADERS_TIMEOUT: `no answer within ${SILENCE}: the server accepts connections and does not answer requests`,
  UND_ERR_BODY_TIMEOUT: `stalled: no further byte for ${SILENCE}`,
  UND_ERR_SOCKET: 'the server closed the connection',
  ENOTFOUND: 'this name does not exist',
  EAI_AGAIN: 'the name server does not answer',
};

/** Why a request failed. */
export function inWords(error: unknown): string {
  // Several addresses were tried: the first failure speaks for them.
  const { code = '', errors: [first] = [] } = error as { code?: string; errors?: unknown[] };
  if (first !== undefined && WORDS[code] === undefined) return inWords(first);
  const name = error instanceof Error ? error.name : '';
  if (name === 'HTTPParserError') return 'the answer is no HTTP: another program listens there';
  const message = error instanceof Error ? error.message : String(error);
  return WORDS[code] ?? (code === '' ? message : `${message} (${code})`);
}
