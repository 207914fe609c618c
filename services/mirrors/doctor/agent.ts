import type { LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';
import { SILENCE_MS } from './trouble.ts';

/** Authorities to trust: the built-in ones and these; undefined if there are no others. */
export function trustedWith(rootCas: readonly (string | Buffer)[] = []): (string | Buffer)[] | undefined {
  return rootCas.length > 0 ? [...rootCertificates, ...rootCas] : undefined;
}

/** Makes connections as clients do, within the time limit. */
export function openAgent(rootCas: readonly (string | Buffer)[] | undefined, lookup?: LookupFunction): Agent {
  const ca = trustedWith(rootCas);
  return new Agent({ connect: { timeout: SILENCE_MS, ...(lookup && { lookup }), ...(ca && { ca }) } });
}
