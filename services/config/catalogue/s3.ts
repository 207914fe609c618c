import { switchOf } from '../values.ts';
import { type Entry, honoured, noEffect, refused, row, switchRow } from './entry.ts';

const SIGNATURE = 'requests are signed by version 4 of the signature';

/** `storage.s3`. */
export const S3: readonly Entry[] = [
  row('storage.s3.bucket', '2.8, 3', honoured('the bucket that everything is kept in; it has to be there')),
  row('storage.s3.region', '2.8, 3', honoured('where the bucket lies'), {
    note: '`us-east-1` with `regionendpoint`, whose servers mostly do not mind; without, it has to be set',
  }),
  row(
    'storage.s3.regionendpoint',
    '2.8, 3',
    honoured("the server, where it is not Amazon's: a URL, or `host:port` with `secure` for its scheme"),
  ),
  row(
    'storage.s3.redirectendpoint',
    '3',
    honoured(
      'the server as clients reach it, where that is by another name: URLs for them are signed for this one',
    ),
  ),
  row(
    'storage.s3.accesskey',
    '2.8, 3',
    honoured("by whose name requests are signed; unset, by the machine's role, or AWS_ACCESS_KEY_ID"),
  ),
  row('storage.s3.secretkey', '2.8, 3', honoured('what requests are signed with')),
  row('storage.s3.sessiontoken', '3', honoured('goes with keys that are good for a while only')),
  row('storage.s3.rootdirectory', '2.8, 3', honoured('what all keys begin with'), { standard: '""' }),
  switchRow('storage.s3.forcepathstyle', '3', {
    on: "the bucket stands in the URL's path",
    off: "the bucket stands in the URL's host name",
    note: 'unset: in the path with `regionendpoint`, as 2.8 has it, and in the host name at Amazon',
  }),
  switchRow('storage.s3.secure', '2.8, 3', {
    on: 'HTTPS',
    off: 'plain HTTP',
    note: 'for Amazon, and for endpoints without a scheme',
    standard: 'true',
  }),
  switchRow('storage.s3.skipverify', '2.8, 3', {
    on: 'any certificate is taken: whoever is on the way can read and change everything',
    off: "the server's certificate is verified",
    standard: 'false',
  }),
  row('storage.s3.v4auth', '2.8, 3', noEffect(SIGNATURE), {
    standard: 'true',
    decide: (value) =>
      switchOf(value) === false
        ? refused(`${SIGNATURE}, never by version 2, which current servers refuse: expected true`)
        : undefined,
  }),
  row(
    'storage.s3.chunksize',
    '2.8, 3',
    honoured(
      'bytes in a part of an upload, 5 MiB at least; each upload under way takes up to three times as much memory',
    ),
    { standard: '10485760' },
  ),
  row('storage.s3.multipartcopychunksize', '2.8, 3', honoured('bytes in a part that the server copies'), {
    standard: '33554432',
  }),
  row(
    'storage.s3.multipartcopymaxconcurrency',
    '2.8, 3',
    honoured('parts of one blob that are copied at once'),
    { standard: '100' },
  ),
  row(
    'storage.s3.multipartcopythresholdsize',
    '2.8, 3',
    honoured('blobs up to so many bytes are copied in one part'),
    { standard: '33554432' },
  ),
  switchRow('storage.s3.encrypt', '2.8, 3', {
    on: 'the server encrypts what it keeps',
    off: 'the server does as the bucket says',
    standard: 'false',
  }),
  row('storage.s3.keyid', '2.8, 3', honoured("the key of the server's key service that it encrypts by"), {
    note: 'no effect without encrypt: true',
    decide: (_, beside) =>
      switchOf(beside['encrypt']) === true ? undefined : noEffect('nothing is encrypted, as the file says'),
  }),
  row(
    'storage.s3.storageclass',
    '2.8, 3',
    honoured('the class that objects are kept in; `NONE` sends none'),
    {
      standard: 'STANDARD',
    },
  ),
  row('storage.s3.objectacl', '2.8, 3', honoured('who else may do what with objects'), {
    standard: 'private',
  }),
  row('storage.s3.useragent', '2.8, 3', honoured('added to what requests say of who sends them')),
  switchRow('storage.s3.usedualstack', '3', {
    on: "Amazon's endpoints with IPv6",
    off: "Amazon's usual endpoints",
    standard: 'false',
  }),
  switchRow('storage.s3.usefipsendpoint', '3', {
    on: "Amazon's FIPS 140 endpoints",
    off: "Amazon's usual endpoints",
    standard: 'false',
  }),
  switchRow('storage.s3.accelerate', '2.8, 3', {
    on: "Amazon's transfer acceleration",
    off: 'none',
    standard: 'false',
  }),
  row('storage.s3.loglevel', '2.8, 3', noEffect('what S3 refuses is in the log by itself')),
  row('storage.s3aws', '2.8, 3', refused('it is the other name of storage.s3: expected that one')),
];
