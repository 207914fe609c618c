import { z } from 'zod';
import { about, addProblem, honoured, noEffect } from '../key.ts';
import { onOff, Switch, switchOf, when } from '../switch.ts';
import { Bytes, MEBIBYTE, plainUrl, Setting, Text } from '../values.ts';

const Part = about(Bytes(5 * MEBIBYTE, 5 * 1024 * MEBIBYTE), { example: 6_000_000 });
const USUAL = "Amazon's usual endpoints";
const V3 = { from: '3' } as const;
/** More sockets than this to one server help neither side. */
const CONCURRENCY_MAX = 1000;
const SIGNATURE = 'requests are signed with signature version 4';

/** Where a server is; a bare host, as Distribution takes it, gets its scheme from `secure`. */
const Endpoint = about(
  Setting.refine(
    (text) => text === undefined || plainUrl(urlOf(text, true))?.search === '',
    'expected a URL such as https://s3.example.net, or host:port',
  ),
  { example: 'cdn.example.net:9000' },
);

const StorageClass = z
  .string()
  .transform((text) => text.toUpperCase())
  .pipe(
    z.enum([
      ...(['NONE', 'STANDARD', 'REDUCED_REDUNDANCY', 'STANDARD_IA', 'ONEZONE_IA'] as const),
      ...(['INTELLIGENT_TIERING', 'OUTPOSTS', 'GLACIER_IR', 'EXPRESS_ONEZONE'] as const),
    ]),
  );
const Acl = z.enum([
  ...(['private', 'public-read', 'public-read-write', 'authenticated-read', 'aws-exec-read'] as const),
  ...(['bucket-owner-read', 'bucket-owner-full-control'] as const),
]);

/** `storage.s3` as Distribution has it, with its defaults, in the driver's words. */
export const S3Section = z
  .strictObject({
    bucket: honoured(
      Text.refine((text) => /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(text), 'expected the name of a bucket'),
      'the bucket of all content; it has to exist',
    ),
    region: honoured(Setting, "the bucket's region", {
      note: 'required without `regionendpoint`; with it, `us-east-1`, which most other servers accept',
    }),
    regionendpoint: honoured(
      Endpoint,
      "the server, unless it is Amazon's: a URL, or `host:port` with `secure` for its scheme",
    ),
    redirectendpoint: honoured(
      Endpoint,
      'the server as clients reach it, if under another name: URLs for clients are signed for this one',
      { from: '3' },
    ),
    accesskey: honoured(
      Setting,
      "the access key that signs requests; without it, AWS_ACCESS_KEY_ID or the machine's role",
    ),
    secretkey: honoured(Setting, 'the secret of that access key'),
    sessiontoken: honoured(Setting, 'the session token of temporary keys', { from: '3' }),
    rootdirectory: honoured(Text.default(''), 'the prefix of all object keys', { example: '/a/b' }),
    forcepathstyle: onOff('the bucket is in the path of URLs', 'the bucket is in the host name of URLs', {
      from: '3',
      note: 'default: in the path with `regionendpoint`, as in 2.8; in the host name at Amazon',
    }).optional(),
    secure: onOff('HTTPS', 'plain HTTP', {
      note: 'for Amazon, and for endpoints without a scheme',
    }).default(true),
    skipverify: onOff(
      'any certificate is accepted: anyone on the path can read and change everything',
      "the server's certificate is verified",
    ).default(false),
    v4auth: noEffect(Switch.default(true), SIGNATURE, {
      example: true,
      decide: when(false, 'refused', `${SIGNATURE}; current servers refuse version 2: expected true`),
    }),
    chunksize: honoured(
      Part.default(10 * MEBIBYTE),
      'bytes in a part of an upload, at least 5 MiB; each running upload uses up to three times this memory',
    ),
    multipartcopychunksize: honoured(Part.default(32 * MEBIBYTE), 'bytes in a part that the server copies'),
    multipartcopymaxconcurrency: honoured(
      Bytes(1, Number.MAX_SAFE_INTEGER)
        .default(100)
        .transform((count) => Math.min(count, CONCURRENCY_MAX)),
      'parts of one blob that are copied at once',
      { example: 5 },
    ),
    multipartcopythresholdsize: honoured(
      Bytes(0, 5 * 1024 * MEBIBYTE).default(32 * MEBIBYTE),
      'blobs up to this size in bytes are copied in one part',
      { example: 0 },
    ),
    encrypt: onOff('the server encrypts objects', "the bucket's own setting decides").default(false),
    keyid: honoured(Setting, 'the key in the key management service that objects are encrypted with', {
      note: 'no effect without encrypt: true',
      decide: when(
        (_, { encrypt }) => switchOf(encrypt) !== true,
        'no effect',
        'objects are not encrypted: encrypt is not true',
      ),
    }),
    storageclass: honoured(
      StorageClass.default('STANDARD'),
      "the objects' storage class; with `NONE`, requests name none",
      { example: 'STANDARD_IA' },
    ),
    objectacl: honoured(Acl.default('private'), "the objects' canned ACL"),
    useragent: honoured(Setting, 'added to the User-Agent of requests'),
    usedualstack: onOff("Amazon's endpoints with IPv6", USUAL, V3).default(false),
    usefipsendpoint: onOff("Amazon's FIPS 140 endpoints", USUAL, V3).default(false),
    accelerate: onOff("Amazon's transfer acceleration", 'no acceleration').default(false),
    loglevel: noEffect(
      z.union([z.string(), z.boolean()]).optional(),
      'requests that S3 refuses are always logged',
    ),
  })
  .superRefine((s3, context) => {
    const missing = (key: string, message: string) => addProblem(context, [key], message);
    if (s3.region === undefined && s3.regionendpoint === undefined)
      missing('region', 'expected the region of the bucket, or a regionendpoint');
    if (s3.accesskey !== undefined && s3.secretkey === undefined)
      missing('secretkey', 'expected it together with accesskey');
    if (s3.secretkey !== undefined && s3.accesskey === undefined)
      missing('accesskey', 'expected it together with secretkey');
  })
  .transform((s3) => ({
    driver: 's3' as const,
    bucket: s3.bucket,
    region: s3.region ?? 'us-east-1',
    tls: s3.secure,
    verifyTls: !s3.skipverify,
    dualStack: s3.usedualstack,
    fips: s3.usefipsendpoint,
    accelerate: s3.accelerate,
    rootDirectory: s3.rootdirectory,
    chunkSizeBytes: s3.chunksize,
    multipartCopyChunkSizeBytes: s3.multipartcopychunksize,
    multipartCopyThresholdBytes: s3.multipartcopythresholdsize,
    multipartCopyMaxConcurrency: s3.multipartcopymaxconcurrency,
    ...(s3.regionendpoint && { endpoint: urlOf(s3.regionendpoint, s3.secure) }),
    ...(s3.redirectendpoint && { publicEndpoint: urlOf(s3.redirectendpoint, s3.secure) }),
    ...(s3.accesskey &&
      s3.secretkey && {
        credentials: {
          accessKey: s3.accesskey,
          secretKey: s3.secretkey,
          ...(s3.sessiontoken && { sessionToken: s3.sessiontoken }),
        },
      }),
    ...(s3.forcepathstyle !== undefined && { forcePathStyle: s3.forcepathstyle }),
    ...(s3.encrypt && { encryption: s3.keyid === undefined ? {} : { keyId: s3.keyid } }),
    // Defaults are not sent: some servers do not know these headers.
    ...(s3.storageclass !== 'NONE' && s3.storageclass !== 'STANDARD' && { storageClass: s3.storageclass }),
    ...(s3.objectacl !== 'private' && { objectAcl: s3.objectacl }),
    ...(s3.useragent && { userAgent: s3.useragent }),
  }));

function urlOf(endpoint: string, secure: boolean): string {
  return /^https?:\/\//.test(endpoint) ? endpoint : `${secure ? 'https' : 'http'}://${endpoint}`;
}
