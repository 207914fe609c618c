import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { RegistryError } from '../registry/errors.ts';
import { drainRest } from './body.ts';
import { answerTo } from './errors.ts';
import { originForm } from './target.ts';

/** Load balancers ask here, and know nothing of prefixes. */
const ALWAYS = new Set(['/livez', '/readyz']);

/**
 * Takes a prefix, such as `/registry`, off what is below it, so that routes need not know of it, and answers 404 to
 * all else but `/livez` and `/readyz`. Only the target's beginning is cut: nothing is decoded, resolved or normalized.
 * A target in absolute form (RFC 9112, section 3.2.2) is brought into origin form first.
 */
export function stripPrefix(prefix: string, handler: RequestListener): RequestListener {
  if (prefix === '') return handler;
  return (request, response) => {
    const target = originForm(request.url ?? '');
    const [path = ''] = target.split('?', 1);
    if (path === prefix || path.startsWith(`${prefix}/`)) {
      const rest = target.slice(prefix.length);
      request.url = rest.startsWith('/') ? rest : `/${rest}`;
    } else if (ALWAYS.has(path)) request.url = target;
    else return answerOutside(request, response, prefix);
    return handler(request, response);
  };
}

function answerOutside(request: IncomingMessage, response: ServerResponse, prefix: string): void {
  const nothing = new RegistryError(
    'NO_SUCH_ENDPOINT',
    `there is nothing here: this registry is below ${prefix}/`,
  );
  const { status, body } = answerTo(nothing, '');
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.writeHead(status, { 'Content-Length': bytes.length });
  if (request.method !== 'HEAD') response.write(bytes);
  // The client reads the answer when it has sent its body, not before.
  void drainRest(request).finally(() => response.end());
}
