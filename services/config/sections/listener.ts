import { z } from 'zod';
import { Address } from '../values.ts';
import { TlsSection } from './tls.ts';

/** Ours: an address of its own for one part of the registry, such as one of an inside network. */
export const ListenerSection = z.strictObject({
  addr: Address,
  /** How it speaks TLS; `http.tls` unless given. */
  tls: TlsSection.optional(),
});
