import type { RequestListener } from 'node:http';
import { RegistryError } from '../registry/oci/errors.ts';
import { answerBare } from './bare-answer.ts';
import { originForm } from './target.ts';

/** Probed by load balancers, which know no prefix. */
const ALWAYS = new Set(['/', '/livez', '/readyz']);

/**
 * Removes a prefix such as `/registry` from paths, so that routes need not know it, and answers 404 to all others except
 * `/`, `/livez` and `/readyz`. Nothing is decoded, resolved or normalized. A target in absolute form (RFC 9112, section
 * 3.2.2) is brought into origin form first.
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
    else {
      const message = `no such endpoint: this registry is below ${prefix}/`;
      return answerBare(request, response, new RegistryError('NO_SUCH_ENDPOINT', message));
    }
    return handler(request, response);
  };
}
