import type { Metrics } from '../http/metrics.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Proof } from './request.ts';

export type TokenMetrics = ReturnType<typeof tokenMetrics>;

/** What requests for tokens add to. */
export function tokenMetrics(metrics: Metrics) {
  const tokens = metrics.counter(
    'roadstead_tokens_total',
    'Requests for tokens, by what the client showed (none, password, refresh-token; unreadable) and by outcome: issued, ' +
      'refused (wrong or ended), limited (429), failed (malformed, or a fault).',
    'proof',
    'outcome',
  );
  tokens.inc({ proof: 'none', outcome: 'issued' }, 0);
  for (const proof of ['password', 'refresh-token'])
    for (const outcome of ['issued', 'refused']) tokens.inc({ proof, outcome }, 0);
  return {
    issued: (proof: Proof['kind']) => tokens.inc({ proof, outcome: 'issued' }),
    /** Counts a request that got an error. */
    refused: (proof: Proof['kind'] | 'unreadable', error: unknown) =>
      tokens.inc({ proof, outcome: outcomeOf(error) }),
  };
}

function outcomeOf(error: unknown): string {
  if (!(error instanceof RegistryError)) return 'failed';
  if (error.kind === 'UNAUTHORIZED') return 'refused';
  return error.kind === 'TOO_MANY_REQUESTS' ? 'limited' : 'failed';
}
