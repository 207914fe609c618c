import { z } from 'zod';
import { Duration } from '../duration.ts';
import { Text } from '../values.ts';
import { ListenerSection } from './listener.ts';

/** Ours: this registry's own token service, for the tokens that `auth.token` asks for. */
export const TokenSection = z.strictObject({
  algorithm: z.enum(['ES256', 'RS256', 'EdDSA']).default('ES256'),
  /** How long a token is good for, and so how long a right that was taken away may still be used. */
  lifetime: Duration.prefault('5m'),
  /** How long a key signs before the next one takes over. */
  keylifetime: Duration.prefault('720h'),
  /** How long `docker login` lasts without the password, where the source of accounts allows that. */
  refreshlifetime: Duration.prefault('720h'),
  /** Other registries that take these tokens, by what they are called in `auth.token.service`. */
  services: z.array(Text).default([]),
  /** Where the service listens when it runs alone; in `serve` it shares `http.addr` unless this is set. */
  http: ListenerSection.optional(),
});
