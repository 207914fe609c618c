import { z } from 'zod';
import { Duration } from '../duration.ts';
import { honoured, sectionOf } from '../key.ts';
import { onOff } from '../switch.ts';
import { Address, BaseUrl, Cidr, File, MirrorNameValue, Text } from '../values.ts';

const CLIENT = 'the PEM file that the sync worker identifies itself with, read again when it changes';

const Write = z.union(
  [
    z.strictObject({
      directory: honoured(
        File,
        'a directory that blobs are published in; symbolic links below it are not followed',
      ),
    }),
    z.strictObject({
      webdav: honoured(BaseUrl, 'a WebDAV server that blobs are published to'),
      username: honoured(Text.optional(), 'the user name there'),
      password: honoured(Text.optional(), 'the password there'),
      clientcertificate: honoured(File.optional(), CLIENT),
      clientkey: honoured(File.optional(), CLIENT),
      rootcas: honoured(
        z.array(File).default([]),
        "PEM files of authorities that may have signed the server's certificate, besides the public ones",
      ),
    }),
  ],
  'expected directory: PATH, or webdav: URL with optional username, password, clientcertificate, clientkey and rootcas',
);

/** Mirrors, and how the sync worker writes to them. */
export const MirrorsSection = z
  .array(
    sectionOf('ours', {
      name: honoured(MirrorNameValue, 'the name of the mirror; no two may have the same'),
      url: honoured(BaseUrl, 'the URL that clients are sent to; blobs below it have the paths of the store'),
      rootcas: honoured(
        z.array(File).default([]),
        'PEM files of authorities that may have signed the certificate at url, besides the public ones; for probes and reads by the sync worker',
      ),
      verify: honoured(
        z.enum(['full', 'sampled']).default('full'),
        'how new blobs are verified at url. full: each is read whole; sampled: each is asked for its size, and every tenth is read whole',
      ),
      reverify: honoured(
        Duration.refine((ms) => ms >= 1000, 'expected a duration of 1 s at least').prefault('720h'),
        'within this time, every blob of the mirror is read whole again at url',
      ),
      weight: honoured(
        z.number().positive().max(1_000_000).default(100),
        "the mirror's bandwidth, or its share of the clients",
      ),
      netblocks: honoured(z.array(Cidr).default([]), 'networks whose clients are sent here first'),
      sameoperator: onOff(
        "the registry's operator runs this mirror, too: it may receive credentials for the registry",
        'a mirror that would receive them is refused',
      ).default(false),
      write: Write,
      serve: honoured(
        Address.optional(),
        'the sync process itself serves the directory at this address, for demonstrations',
      ),
    }),
  )
  .default([]);
