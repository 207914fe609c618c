import { z } from 'zod';
import { Address, BaseUrl, Cidr, MirrorNameValue, Pattern, Switch } from '../values.ts';
import { ListenerSection } from './listener.ts';

/** Ours: with this section, clients push candidates, and stable repositories change by promotion. */
export const PromotionSection = z.strictObject({
  candidates: z.array(Pattern).min(1).prefault(['candidate/**']),
  /** Undefined for all that are no candidates; the rest takes pushes, and is neither. */
  stable: z.array(Pattern).min(1).optional(),
  /** Where the release service listens when it runs alone; in `serve` it shares `http.addr` unless this is set. */
  http: ListenerSection.optional(),
});

/** Ours: a mirror, and how the sync worker writes to it. */
export const MirrorEntry = z.strictObject({
  name: MirrorNameValue,
  url: BaseUrl,
  weight: z.number().positive().max(1_000_000).default(100),
  netblocks: z.array(Cidr).default([]),
  /** Says that whoever runs the registry runs this mirror too, so credentials that reach it are no leak. */
  sameoperator: Switch.default(false),
  write: z.union(
    [
      z.strictObject({ directory: z.string().min(1) }),
      z.strictObject({
        webdav: BaseUrl,
        username: z.string().optional(),
        password: z.string().optional(),
        /** Who the sync worker is to a server that asks for certificates, in PEM. */
        clientcertificate: z.string().min(1).optional(),
        clientkey: z.string().min(1).optional(),
        /** Who may have signed the server's certificate, in PEM, besides those that everyone trusts. */
        rootcas: z.array(z.string().min(1)).default([]),
      }),
    ],
    {
      error:
        'expected directory: PATH, or webdav: URL with optional username, password, clientcertificate, clientkey and rootcas',
    },
  ),
  /** Has the sync process itself serve a directory mirror here: for demonstrations. */
  serve: Address.optional(),
});
