import type { RequestListener } from 'node:http';

/**
 * Sets headers (Distribution's `http.headers`) on every answer, including errors. Headers of a particular answer, such as
 * a page's `Content-Security-Policy`, replace them. It wraps a listener, so that answers which reach no application have them too.
 * The configuration has checked that they are valid, and none of them frames the message.
 */
export function withHeaders(
  headers: Readonly<Record<string, readonly string[]>>,
  handler: RequestListener,
): RequestListener {
  const extra = Object.entries(headers);
  if (extra.length === 0) return handler;
  return (request, response) => {
    // A list of its own each time: what an answer adds (`Vary`) must not stay in the configuration.
    for (const [name, values] of extra) response.setHeader(name, [...values]);
    return handler(request, response);
  };
}
