import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';

export interface AgentOptions {
  /** For connecting, for the head of an answer, and for its body. */
  readonly timeoutMs: number;
  /** PEM files of authorities besides the built-in ones. */
  readonly rootCas: readonly string[];
}

/** Identity providers' answers are small; a catalogue or a set of keys is the largest. */
const ANSWER_MAX_BYTES = 1024 * 1024;
const CONNECTIONS = 16;

/** Connections to an identity provider, bounded in time, size and number. Throws when a file cannot be read. */
export async function openAgent({ timeoutMs, rootCas }: AgentOptions): Promise<Agent> {
  const own = await Promise.all(rootCas.map((path) => readFile(path, 'utf8')));
  return new Agent({
    connections: CONNECTIONS,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: ANSWER_MAX_BYTES,
    connect: { timeout: timeoutMs, ...(own.length > 0 && { ca: [...rootCertificates, ...own] }) },
  });
}
