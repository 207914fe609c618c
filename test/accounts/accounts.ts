import type { Authentication } from '../../services/registry/access/account.ts';
import type { Identity } from '../../services/registry/access/subject.ts';
import type { Log } from '../../services/registry/runtime/log.ts';

/** A signal that never aborts. */
export const PATIENT = new AbortController().signal;

/** Who was known; throws where nobody was. */
export function identityOf(answer: Authentication): Identity {
  if (answer.outcome !== 'known') throw new Error('nobody was known');
  return answer.identity;
}

/** A logger, and what it was told: fields and message in one text a line. */
export function recordingLog(): Log & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  return { lines, info: write('info'), warn: write('warn'), error: write('error') };
}
