import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Bucket } from './bucket.ts';
import { createSigner } from './client.ts';

/** S3 signs for a week at most. */
const TTL_MAX_SECONDS = 7 * 24 * 60 * 60;

/** Makes URLs by which anyone can read an object for a while, without a request to the server. */
export class UrlSigner {
  readonly #bucketName: string;
  readonly #client: S3Client;

  constructor({ name, settings }: Bucket) {
    this.#bucketName = name;
    this.#client = createSigner(settings);
  }

  async urlOf(bucketKey: string, ttlSeconds: number): Promise<string> {
    const command = new GetObjectCommand({ Bucket: this.#bucketName, Key: bucketKey });
    const expiresIn = Math.min(Math.max(1, Math.floor(ttlSeconds)), TTL_MAX_SECONDS);
    return getSignedUrl(this.#client, command, { expiresIn });
  }

  close(): void {
    this.#client.destroy();
  }
}
