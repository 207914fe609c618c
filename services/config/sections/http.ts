import { z } from 'zod';
import { Delay } from '../duration.ts';
import { Headers, OF_ANSWERS } from '../headers.ts';
import { Address, BaseUrl, Cidr, Switch, Text } from '../values.ts';
import { TlsSection } from './tls.ts';

const PREFIX = 'expected a path such as /registry/';
/** Where the registry stands below its host: empty at the root, else such as `/registry`, with no slash at its end. */
const Prefix = z.string(PREFIX).transform((text, context): string => {
  const path = text.replace(/^\/*/, '/').replace(/\/+$/, '');
  const parts = path.split('/').slice(1);
  if (parts.every((part) => /^[\w.~-]+$/.test(part) && part !== '.' && part !== '..')) return path;
  context.addIssue({ code: 'custom', message: PREFIX });
  return z.NEVER;
});

export const HttpSection = z.strictObject({
  addr: Address,
  net: z.enum(['', 'tcp']).optional(),
  prefix: Prefix.default(''),
  /** The registry's public URL: where mirrors send clients back, and what mirrors must not be taken for. */
  host: BaseUrl.optional(),
  secret: Text.optional(),
  /** Ours: what `secret` was before, for what is still sealed with it. */
  oldsecrets: z.array(Text).default([]),
  /** Undefined when the file leaves it to the registry. */
  relativeurls: Switch.optional(),
  draintimeout: Delay.prefault('30s'),
  /** Ours: how long a connection may be idle between two requests, in milliseconds. */
  idletimeout: Delay.refine((ms) => ms >= 1000, 'expected a second (1s) at least').prefault('65m'),
  tls: TlsSection.optional(),
  headers: Headers(OF_ANSWERS).default({}),
  http2: z.strictObject({ disabled: Switch.optional() }).optional(),
  h2c: z.strictObject({ enabled: Switch.optional() }).optional(),
  /** Ours: networks of proxies that end TLS before us; their `X-Forwarded-For` is believed. */
  trustedproxies: z.array(Cidr).default([]),
  debug: z
    .strictObject({
      addr: Address,
      prometheus: z
        .strictObject({
          enabled: Switch.default(true),
          path: z.string().startsWith('/').default('/metrics'),
        })
        .prefault({}),
    })
    .optional(),
});
