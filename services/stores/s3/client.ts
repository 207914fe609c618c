import { createHash } from 'node:crypto';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { collect } from './collect.ts';
import type { S3Settings } from './options.ts';

/** Attempts of a request that may be repeated, with the SDK's exponential backoff. */
const ATTEMPTS_MAX = 4;

/** The SDK's client, configured so that Amazon's, Ceph's and Swift's S3 all understand it. */
export function createClient(settings: S3Settings): S3Client {
  const client = new S3Client({
    ...common(settings),
    ...(settings.endpoint && { endpoint: settings.endpoint }),
    ...(settings.userAgent && { customUserAgent: settings.userAgent }),
    maxAttempts: ATTEMPTS_MAX,
    streamCollector: collect,
    // With it each part would have a connection of its own.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: settings.connectTimeoutMs,
      socketTimeout: settings.idleTimeoutMs,
      // How many are under way at once is the queue's business: here those that wait would count as not connected.
      httpAgent: { maxSockets: Number.POSITIVE_INFINITY },
      httpsAgent: { maxSockets: Number.POSITIVE_INFINITY, rejectUnauthorized: settings.verifyTls },
    },
  });
  useContentMd5(client);
  return client;
}

/** A client that sends nothing, and signs URLs for clients that reach the server by another name. */
export function createSigner(settings: S3Settings): S3Client {
  const endpoint = settings.publicEndpoint ?? settings.endpoint;
  return new S3Client({ ...common(settings), ...(endpoint && { endpoint }) });
}

function common(settings: S3Settings): S3ClientConfig {
  const { credentials, dualStack, fips, accelerate } = settings;
  return {
    region: settings.region,
    forcePathStyle: settings.forcePathStyle ?? settings.endpoint !== undefined,
    ...(credentials && {
      credentials: {
        accessKeyId: credentials.accessKey,
        secretAccessKey: credentials.secretKey,
        ...(credentials.sessionToken && { sessionToken: credentials.sessionToken }),
      },
    }),
    ...(dualStack && { useDualstackEndpoint: true }),
    ...(settings.tls === false && { tls: false }),
    ...(fips && { useFipsEndpoint: true }),
    ...(accelerate && { useAccelerateEndpoint: true }),
    // Older servers refuse the checksums introduced in 2024; the signature covers the SHA-256 of the body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // An operator does not need its warnings about busy sockets and old runtimes.
    logger: SILENT,
  };
}

const nothing = () => undefined;
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

/** DeleteObjects needs a checksum, and every server knows the oldest kind. */
function useContentMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const request = args.request as { headers: Record<string, string>; body?: string | Uint8Array };
      if (context['commandName'] === 'DeleteObjectsCommand' && request.body !== undefined) {
        for (const name of Object.keys(request.headers))
          if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete request.headers[name];
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64');
      }
      return next(args);
    },
    // At the end of building: later it would be signed already.
    { step: 'build', priority: 'low', name: 'contentMd5' },
  );
}
