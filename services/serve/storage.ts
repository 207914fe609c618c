import { resolve } from 'node:path';
import type { Config } from '../config/schema.ts';

type S3Config = NonNullable<Config['storage']['s3']>;

/** Where a configuration keeps objects, as `openStores` takes it. */
export function objectStoreOf({ storage: { filesystem, s3, swift } }: Config) {
  if (filesystem)
    return {
      driver: 'filesystem' as const,
      rootDirectory: filesystem.rootdirectory,
      sync: filesystem.sync,
      callTimeoutMs: filesystem.calltimeout,
    };
  if (swift) return { driver: 'swift' as const, ...swift };
  if (s3) return { driver: 's3' as const, ...s3Of(s3) };
  throw new Error('a configuration without a driver');
}

/** The same for people: a directory, or a bucket and what stands before its keys. */
export function placeOf(config: Config): string {
  const settings = objectStoreOf(config);
  switch (settings.driver) {
    case 'filesystem':
      return resolve(settings.rootDirectory);
    case 'swift': {
      const { container, prefix = '', credentials } = settings;
      return `swift://${[container, prefix].filter((part) => part !== '').join('/')} by ${credentials.authUrl}`;
    }
    case 's3': {
      const { bucket, endpoint = settings.region, rootDirectory = '' } = settings;
      const path = [bucket, ...rootDirectory.split('/').filter((part) => part !== '')].join('/');
      return `s3://${path} at ${endpoint}`;
    }
  }
}

function s3Of(config: S3Config) {
  const { accesskey, secretkey, sessiontoken, regionendpoint, redirectendpoint, secure } = config;
  const { storageclass, objectacl, forcepathstyle, useragent } = config;
  return {
    bucket: config.bucket,
    region: config.region ?? 'us-east-1',
    tls: secure,
    verifyTls: !config.skipverify,
    dualStack: config.usedualstack,
    fips: config.usefipsendpoint,
    accelerate: config.accelerate,
    rootDirectory: config.rootdirectory,
    chunkSizeBytes: config.chunksize,
    multipartCopyChunkSizeBytes: config.multipartcopychunksize,
    multipartCopyThresholdBytes: config.multipartcopythresholdsize,
    multipartCopyMaxConcurrency: config.multipartcopymaxconcurrency,
    ...(regionendpoint && { endpoint: urlOf(regionendpoint, secure) }),
    ...(redirectendpoint && { publicEndpoint: urlOf(redirectendpoint, secure) }),
    ...(accesskey &&
      secretkey && {
        credentials: {
          accessKey: accesskey,
          secretKey: secretkey,
          ...(sessiontoken && { sessionToken: sessiontoken }),
        },
      }),
    ...(forcepathstyle !== undefined && { forcePathStyle: forcepathstyle }),
    ...(config.encrypt && { encryption: config.keyid === undefined ? {} : { keyId: config.keyid } }),
    // What is the rule anyway is not sent: not every server knows it.
    ...(storageclass !== 'NONE' && storageclass !== 'STANDARD' && { storageClass: storageclass }),
    ...(objectacl !== 'private' && { objectAcl: objectacl }),
    ...(useragent && { userAgent: useragent }),
  };
}

function urlOf(endpoint: string, secure: boolean): string {
  return /^https?:\/\//.test(endpoint) ? endpoint : `${secure ? 'https' : 'http'}://${endpoint}`;
}
