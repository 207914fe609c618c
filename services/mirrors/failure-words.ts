const LATE = 'no answer within the time limit';
const CLOSED = 'it closed the connection';
const UNTRUSTED = 'its certificate comes from an authority that is not trusted here';

/** What the codes of Node, OpenSSL and undici mean, for the operator of a mirror. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  UND_ERR_SOCKET: CLOSED,
  ETIMEDOUT: LATE,
  UND_ERR_CONNECT_TIMEOUT: 'no connection within the time limit',
  UND_ERR_HEADERS_TIMEOUT: LATE,
  UND_ERR_BODY_TIMEOUT: LATE,
  ENOTFOUND: 'its host name is not in the DNS',
  EAI_AGAIN: 'the DNS did not answer for its host name',
  EHOSTUNREACH: 'no route to its address',
  ENETUNREACH: 'no route to its address',
  EADDRNOTAVAIL: 'this machine has no address to reach it from',
  EMFILE: 'this process has too many open files',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its body has another length than its header says',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: one of the clocks is wrong',
  CERT_REVOKED: 'its certificate was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate chain is incomplete, or its authority is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate chain is incomplete, or its authority is not trusted here',
};

/** Codes that begin so. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  // undici's error for that often has no code.
  [/^(HPE_|HTTPParserError$)/, 'its answer is not HTTP'],
  [/^(ERR_SSL_|ERR_TLS_|EPROTO)/, 'the TLS handshake failed'],
  [/^(CERT_|.*_CERT)/, 'its certificate was rejected'],
];

/** Why a request failed, in words for people: never a code, nor a message that may quote what was sent. */
export function failureWords(error: unknown): string {
  for (const code of codesOf(error)) {
    const words = WORDS[code] ?? KINDS.find(([kind]) => kind.test(code))?.[1];
    if (words !== undefined) return words;
  }
  return 'the connection failed';
}

/** The codes and names of an error, of its causes, and of the attempts that it sums up, the innermost first. */
function codesOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 4) return [];
  const { code, cause } = error as NodeJS.ErrnoException;
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  // The socket's own failure says more than that the request failed with it.
  const inner = [cause, ...parts].flatMap((part) => codesOf(part, depth + 1));
  return [...inner, ...(typeof code === 'string' ? [code] : []), error.name];
}
