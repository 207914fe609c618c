import { z } from 'zod';
import { TOKEN_ALGORITHMS } from '../../registry/access/keys/signing-key.ts';
import { Duration } from '../duration.ts';
import { Text } from '../values.ts';
import { ListenerSection } from './listener.ts';

const DAY_MS = 24 * 3_600_000;

function Between(minMs: number, maxMs: number, message: string) {
  return Duration.refine((ms) => ms >= minMs && ms <= maxMs, message);
}

/** Ours: this registry's own token service, for the tokens that `auth.token` asks for. */
export const TokenSection = z.strictObject({
  /** Of the keys that the service makes for itself. */
  algorithm: z.enum(TOKEN_ALGORITHMS).default('ES256'),
  /** A key of the operator's own to sign with instead, in PEM; only the token service reads it. */
  key: z.string().min(1).optional(),
  /** Its certificate, in PEM, for every node; others beside it are of keys whose tokens are taken, too. */
  certificate: z.string().min(1).optional(),
  /** How long a token is good for, and so how long a right that was taken away may still be used. */
  lifetime: Between(1000, DAY_MS, 'expected a duration from 1s to 24h').prefault('5m'),
  /** How long a key signs before the next one takes over. */
  keylifetime: Between(60_000, Number.MAX_SAFE_INTEGER, 'expected a minute or more').prefault('720h'),
  /** How long `docker login` lasts without the password, where the source of accounts allows that. */
  refreshlifetime: Duration.prefault('720h'),
  /** Other registries that take these tokens, by what they are called in `auth.token.service`. */
  services: z.array(Text).default([]),
  /** Where the service listens when it runs alone; in `serve` it shares `http.addr` unless this is set. */
  http: ListenerSection.optional(),
});
