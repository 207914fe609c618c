import { z } from 'zod';
import { TOKEN_ALGORITHMS } from '../../registry/access/keys/signing-key.ts';
import { Duration } from '../duration.ts';
import { honoured, sectionOf } from '../key.ts';
import { File, Text } from '../values.ts';
import { ListenerSection } from './tls.ts';

const DAY_MS = 24 * 3_600_000;

function Between(minMs: number, maxMs: number, message: string) {
  return Duration.refine((ms) => ms >= minMs && ms <= maxMs, message);
}

/** This registry's own token service, for the tokens that `auth.token` asks for. */
export const TokenSection = sectionOf('ours', {
  algorithm: honoured(
    z.enum(TOKEN_ALGORITHMS).default('ES256'),
    'the algorithm of the keys that the service creates: ES256, RS256 or EdDSA',
  ),
  key: honoured(File.optional(), 'the PEM file of your own signing key; only the token service reads it'),
  certificate: honoured(
    File.optional(),
    'the PEM file of its certificate, for every node; tokens by the keys of further certificates in it are accepted, too',
  ),
  lifetime: honoured(
    Between(1000, DAY_MS, 'expected a duration from 1s to 24h').prefault('5m'),
    'lifetime of a token, and so the time for which a revoked right may still be used',
  ),
  keylifetime: honoured(
    Between(60_000, Number.MAX_SAFE_INTEGER, 'expected a minute or more').prefault('720h'),
    'how long a key signs before the next one takes over',
  ),
  refreshlifetime: honoured(
    Duration.prefault('720h'),
    'how long `docker login` lasts without the password, if the source of accounts allows that',
  ),
  services: honoured(
    z.array(Text).default([]),
    'other registries that accept these tokens, by their auth.token.service',
  ),
  http: ListenerSection('the address of the token service; default: http.addr, below /auth/').optional(),
});
