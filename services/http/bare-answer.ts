import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RegistryError } from '../registry/oci/errors.ts';
import { drainRest } from './body.ts';
import { answerTo } from './errors.ts';

/** Answers a request that never reaches an application. */
export function answerBare(request: IncomingMessage, response: ServerResponse, error: RegistryError): void {
  const { status, body } = answerTo(error, '');
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.writeHead(status, { 'Content-Length': bytes.length });
  if (request.method !== 'HEAD') response.write(bytes);
  // Most clients read the answer only after they have sent their body.
  void drainRest(request).finally(() => response.end());
}
