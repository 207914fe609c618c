/** What a line of Apache's combined log says. */
export interface CombinedEntry {
  readonly client: string;
  /** The verified name of the client; undefined for the anonymous. */
  readonly user: string | undefined;
  readonly at: Date;
  /** Method, path and protocol. */
  readonly request: string;
  readonly status: number;
  readonly sentBytes: number;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * A line of Apache's combined log (`%h - %u %t "%r" %>s %B "%{Referer}i" "%{User-agent}i"`), in UTC, without its end. Quotes,
 * backslashes and everything beyond printable ASCII are escaped, so that no value can pass for another.
 */
export function combinedLine(entry: CombinedEntry): string {
  const { client, user, at, request, status, sentBytes, referer, userAgent } = entry;
  const name = user === undefined || user === '' ? '-' : escaped(user).replaceAll(' ', '\\x20');
  return (
    `${client} - ${name} [${timeOf(at)}] "${escaped(request)}" ${status} ${sentBytes} ` +
    `"${escaped(referer ?? '-')}" "${escaped(userAgent ?? '-')}"`
  );
}

/** Such as `02/Jan/2006:15:04:05 +0000`. */
function timeOf(at: Date): string {
  const iso = at.toISOString();
  return `${iso.slice(8, 10)}/${MONTHS[at.getUTCMonth()]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

/** In bytes, as Apache writes them. */
function escaped(text: string): string {
  return text.replaceAll(/["\\]|[^\x20-\x7e]+/g, (part) =>
    part === '"' || part === '\\'
      ? `\\${part}`
      : [...Buffer.from(part)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}
