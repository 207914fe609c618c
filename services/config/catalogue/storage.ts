import {
  durationRow,
  type Entry,
  honoured,
  noEffect,
  refused,
  refusedSection,
  row,
  rows,
  switchRow,
  type Verdict,
} from './entry.ts';
import { S3 } from './s3.ts';
import { SWIFT } from './swift.ts';

const CACHE = noEffect('the cache in memory is always on, and bounded');
const REDIS_CACHE = noEffect(
  'the cache in memory is always on; over the section redis, nodes tell each other what in it is out of date',
);
const REDIS_NOTE =
  '`redis`: the same; nodes tell each other over the section redis what in it is out of date';

function cacheOf(value: unknown): Verdict | undefined {
  return value === 'redis' ? REDIS_CACHE : undefined;
}

const DRIVERS_HERE = 'expected storage.filesystem, storage.s3 or storage.swift';
const none = (what: string) => refused(`there is no driver for ${what} here: ${DRIVERS_HERE}`);

const AZURE = none('Azure');
const GCS = none('Google Cloud Storage');

const DRIVERS: readonly Entry[] = [
  ...S3,
  ...SWIFT,
  ...refusedSection('storage.azure', '2.8, 3', AZURE, 'accountname accountkey container realm rootdirectory'),
  ...rows('storage.azure.credentials', '3', AZURE, 'type clientid tenantid secret'),
  ...rows(
    'storage.azure',
    '3',
    AZURE,
    'max_retries retry_delay copy_status_poll_max_retry copy_status_poll_delay',
  ),
  ...refusedSection(
    'storage.gcs',
    '2.8, 3',
    GCS,
    'bucket keyfile rootdirectory chunksize maxconcurrency disablekeepalives',
  ),
  ...rows(
    'storage.gcs.credentials',
    '2.8, 3',
    GCS,
    'type project_id private_key_id private_key client_email client_id auth_uri token_uri auth_provider_x509_cert_url ' +
      'client_x509_cert_url',
  ),
  ...refusedSection(
    'storage.oss',
    '2.8',
    none('Alibaba Cloud OSS'),
    'accesskeyid accesskeysecret region endpoint internal bucket encrypt encryptionkeyid secure chunksize rootdirectory',
  ),
  row(
    'storage.inmemory',
    '2.8, 3',
    refused('images that are gone after a restart: expected storage.filesystem, on a tmpfs if need be'),
  ),
];

export const STORAGE: readonly Entry[] = [
  row(
    'storage.filesystem.rootdirectory',
    '2.8, 3',
    honoured("where everything is kept, in Distribution's layout"),
    {
      standard: '/var/lib/registry',
    },
  ),
  row(
    'storage.filesystem.maxthreads',
    '2.8, 3',
    noEffect(
      "file operations wait in the runtime's own threads; the variable UV_THREADPOOL_SIZE is their number, 64 unless set",
    ),
  ),
  switchRow('storage.filesystem.sync', 'ours', {
    on: 'files and directories are synced before a client is told that they are kept',
    off: 'a crash of the machine may lose what clients were told is kept',
    standard: 'true',
  }),
  durationRow(
    'storage.filesystem.calltimeout',
    'ours',
    honoured(
      'how long one call to the file system may take before clients are answered 503; ten times as long for syncing',
    ),
    '30s',
  ),
  switchRow('storage.delete.enabled', '2.8, 3', {
    on: 'manifests and blobs may be deleted',
    off: 'nothing may be deleted',
    standard: 'false',
  }),
  switchRow('storage.redirect.disable', '2.8, 3', {
    on: 'every blob is served from here',
    off: 'clients are sent to mirrors that hold a blob, or by signed URLs to S3 or Swift',
    standard: 'false',
  }),
  row(
    'storage.tag.concurrencylimit',
    '3',
    honoured('how many tags are read at once when all of them are looked at; 0 for the default'),
    {
      standard: '16',
    },
  ),
  row('storage.cache.blobdescriptor', '2.8, 3', CACHE, { decide: cacheOf, note: REDIS_NOTE }),
  row('storage.cache.layerinfo', '2.8, 3', CACHE, { decide: cacheOf, note: REDIS_NOTE }),
  row('storage.cache.blobdescriptorsize', '2.8, 3', noEffect('the cache in memory has a bound of its own')),
  switchRow('storage.maintenance.uploadpurging.enabled', '2.8, 3', {
    on: 'the sync process removes uploads that were never finished',
    off: 'they stay',
    standard: 'true',
  }),
  durationRow(
    'storage.maintenance.uploadpurging.age',
    '2.8, 3',
    honoured('how long nothing was added to an upload that is removed'),
    '168h',
  ),
  durationRow(
    'storage.maintenance.uploadpurging.interval',
    '2.8, 3',
    honoured('how often they are looked for'),
    '24h',
  ),
  switchRow('storage.maintenance.uploadpurging.dryrun', '2.8, 3', {
    on: 'what would be removed is logged, and stays',
    off: 'it is removed',
    standard: 'false',
  }),
  switchRow('storage.maintenance.readonly.enabled', '2.8, 3', {
    on: 'nothing can be pushed or deleted',
    off: 'pushes are taken',
    standard: 'false',
  }),
  ...DRIVERS,
];
