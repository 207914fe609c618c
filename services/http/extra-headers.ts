import type { RequestListener } from 'node:http';

/**
 * Puts headers, Distribution's `http.headers`, on every answer, errors too; what the registry says of a particular
 * answer, such as `Cache-Control` of a blob, replaces them. It wraps a listener, being no step of an application, so
 * that answers which never reach one have the headers as well. Names and values are those that a configuration may
 * have: valid, none of framing.
 */
export function withHeaders(
  headers: Readonly<Record<string, readonly string[]>>,
  handler: RequestListener,
): RequestListener {
  const extra = Object.entries(headers);
  if (extra.length === 0) return handler;
  return (request, response) => {
    for (const [name, values] of extra) response.setHeader(name, values);
    return handler(request, response);
  };
}
