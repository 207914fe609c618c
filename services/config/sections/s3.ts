import { z } from 'zod';
import { Count, Switch, Text } from '../values.ts';

const MEBIBYTE = 1024 * 1024;
const PART_MIN_BYTES = 5 * MEBIBYTE;
const PART_MAX_BYTES = 5 * 1024 * MEBIBYTE;
/** More sockets than this to one server do no good to either side. */
const CONCURRENCY_MAX = 1000;

const STORAGE_CLASSES = [
  'NONE',
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'OUTPOSTS',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
] as const;

const ACLS = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
] as const;

/** Distribution takes empty text for a key that is not set. */
const Setting = Text.optional().transform((text) => (text === '' ? undefined : text));

/** A number of bytes; in quotes, too, as Distribution takes it. */
function Bytes(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    Count(min, max),
  );
}

const ENDPOINT = 'expected a URL such as https://s3.example.net, or host:port';
/** Where a server is; a bare host, as Distribution takes it, gets its scheme from `secure`. */
const Endpoint = Setting.refine((text) => {
  if (text === undefined) return true;
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  return url !== null && !url.username && !url.password && !url.search && !url.hash && url.hostname !== '';
}, ENDPOINT);

/** `storage.s3` as Distribution has it, with its defaults. */
export const S3Section = z
  .strictObject({
    accesskey: Setting,
    secretkey: Setting,
    sessiontoken: Setting,
    region: Setting,
    regionendpoint: Endpoint,
    redirectendpoint: Endpoint,
    forcepathstyle: Switch.optional(),
    bucket: Text.refine(
      (text) => /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(text),
      'expected the name of a bucket',
    ),
    encrypt: Switch.default(false),
    keyid: Setting,
    secure: Switch.default(true),
    skipverify: Switch.default(false),
    v4auth: Switch.default(true),
    chunksize: Bytes(PART_MIN_BYTES, PART_MAX_BYTES).default(10 * MEBIBYTE),
    multipartcopychunksize: Bytes(PART_MIN_BYTES, PART_MAX_BYTES).default(32 * MEBIBYTE),
    multipartcopymaxconcurrency: Bytes(1, Number.MAX_SAFE_INTEGER)
      .default(100)
      .transform((count) => Math.min(count, CONCURRENCY_MAX)),
    multipartcopythresholdsize: Bytes(0, PART_MAX_BYTES).default(32 * MEBIBYTE),
    rootdirectory: Text.default(''),
    storageclass: z
      .string()
      .transform((text) => text.toUpperCase())
      .pipe(z.enum(STORAGE_CLASSES))
      .default('STANDARD'),
    useragent: Setting,
    objectacl: z.enum(ACLS).default('private'),
    usedualstack: Switch.default(false),
    usefipsendpoint: Switch.default(false),
    accelerate: Switch.default(false),
    loglevel: z.union([z.string(), z.boolean()]).optional(),
  })
  .superRefine((s3, context) => {
    const missing = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (s3.region === undefined && s3.regionendpoint === undefined)
      missing('region', 'expected the region of the bucket, or a regionendpoint');
    if (s3.accesskey !== undefined && s3.secretkey === undefined)
      missing('secretkey', 'expected it beside accesskey');
    if (s3.secretkey !== undefined && s3.accesskey === undefined)
      missing('accesskey', 'expected it beside secretkey');
  });

/** {@link S3Section}, without what changes nothing. */
export function s3SettingsOf(section: z.output<typeof S3Section>) {
  const { loglevel: _loglevel, v4auth: _v4auth, keyid, ...settings } = section;
  return { ...settings, keyid: settings.encrypt ? keyid : undefined };
}
