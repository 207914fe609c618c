import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { Address, BaseUrl, Duration, MirrorNameValue, Pattern } from './values.ts';

const Cidr = z
  .string()
  .refine(ipaddr.isValidCIDR, 'expected a network such as 192.0.2.0/24 or 2001:db8::/32');

const LogSection = z
  .strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    formatter: z.literal('json').default('json'),
    fields: z.record(z.string(), z.string()).default({}),
    accesslog: z.strictObject({ disabled: z.boolean().default(false) }).prefault({}),
  })
  .prefault({});

const StorageSection = z.strictObject({
  filesystem: z.strictObject({
    rootdirectory: z.string().min(1),
    /** Ours: sync files and directories before an answer. */
    sync: z.boolean().default(true),
  }),
  redirect: z.strictObject({ disable: z.boolean().default(false) }).prefault({}),
});

const HttpSection = z.strictObject({
  addr: Address,
  /** The registry's public URL: where mirrors send clients back, and what mirrors must not be taken for. */
  host: BaseUrl.optional(),
  draintimeout: Duration.prefault('30s'),
  tls: z.strictObject({ certificate: z.string().min(1), key: z.string().min(1) }).optional(),
  /** Ours: networks of proxies that end TLS before us; their `X-Forwarded-For` is believed. */
  trustedproxies: z.array(Cidr).default([]),
  debug: z
    .strictObject({
      addr: Address,
      prometheus: z
        .strictObject({
          enabled: z.boolean().default(true),
          path: z.string().startsWith('/').default('/metrics'),
        })
        .prefault({}),
    })
    .optional(),
});

/** Ours: with this section, clients push candidates only, and the rest changes by promotion. */
const PromotionSection = z.strictObject({
  candidates: z.array(Pattern).min(1).prefault(['candidate/**']),
  /** Where the release service listens when it runs alone; in `serve` it shares `http.addr` unless this is set. */
  http: z.strictObject({ addr: Address }).optional(),
});

/** Ours: a mirror, and how the sync worker writes to it. */
const MirrorEntry = z.strictObject({
  name: MirrorNameValue,
  url: BaseUrl,
  weight: z.number().positive().max(1_000_000).default(100),
  netblocks: z.array(Cidr).default([]),
  /** Says that whoever runs the registry runs this mirror too, so credentials that reach it are no leak. */
  sameoperator: z.boolean().default(false),
  write: z.union(
    [
      z.strictObject({ directory: z.string().min(1) }),
      z.strictObject({
        webdav: BaseUrl,
        username: z.string().optional(),
        password: z.string().optional(),
      }),
    ],
    { error: 'expected directory: PATH, or webdav: URL with optional username and password' },
  ),
  /** Has the sync process itself serve a directory mirror here: for demonstrations. */
  serve: Address.optional(),
});

/** The configuration file: CNCF Distribution's sections and names, and `promotion` and `mirrors`. */
export const ConfigSchema = z.strictObject({
  version: z.union([z.literal(0.1), z.literal('0.1')], { error: 'expected 0.1' }),
  log: LogSection,
  storage: StorageSection,
  http: HttpSection,
  promotion: PromotionSection.optional(),
  mirrors: z.array(MirrorEntry).default([]),
});

export type Config = z.infer<typeof ConfigSchema>;
export type MirrorConfig = Config['mirrors'][number];
