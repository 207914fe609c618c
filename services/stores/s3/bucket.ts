import type {
  $Command,
  ObjectCannedACL,
  S3Client,
  S3ClientResolvedConfig,
  ServerSideEncryption,
  ServiceInputTypes,
  ServiceOutputTypes,
  StorageClass,
} from '@aws-sdk/client-s3';
import { WaitQueue } from '../../registry/runtime/wait-queue.ts';
import type { Fence } from '../../registry/storage/fence.ts';
import { FenceRefusedError } from '../fenced.ts';
import { checkObjectKey } from '../object-key.ts';
import { eachAttempt } from './attempt.ts';
import { createClient } from './client.ts';
import { ifThere, translate } from './errors.ts';
import { type S3Options, type S3Settings, settingsOf } from './options.ts';

/** Headers of every object that is written. */
interface Written {
  readonly ContentType: string;
  readonly StorageClass?: StorageClass;
  readonly ACL?: ObjectCannedACL;
  readonly ServerSideEncryption?: ServerSideEncryption;
  readonly SSEKMSKeyId?: string;
}

/** A bucket on a server: sends every request. */
export class Bucket {
  readonly name: string;
  readonly settings: S3Settings;
  /** Before all our keys: `''`, or ends in a slash. */
  readonly prefix: string;
  readonly written: Written;
  readonly #client: S3Client;
  readonly #queue: WaitQueue;
  /**
   * Whether a missing object is looked up again: a Swift object server that opens the old file of an object at the moment
   * of its replacement answers 404.
   */
  looksTwice = false;

  /** Whether a copy's condition on the ETag of its source works: see compose.ts. */
  copiesOnCondition = true;

  constructor(options: S3Options) {
    const settings = settingsOf(options);
    this.name = settings.bucket;
    this.settings = settings;
    // As Distribution takes it: slashes at its ends do not count.
    const bare = settings.rootDirectory.replaceAll(/^\/+|\/+$/g, '');
    this.prefix = bare === '' ? '' : `${bare}/`;
    this.written = writtenBy(settings);
    this.#client = createClient(settings);
    this.#queue = new WaitQueue({ atOnce: settings.maxRequestsAtOnce });
  }

  /** The bucket's key for one of ours. Throws on an illegal key: a mistake of ours, never a client's. */
  keyOf(key: string): string {
    checkObjectKey(key);
    return this.prefix + key;
  }

  /**
   * Sends a request, again where a failure may pass, within the settings' bounds of time and number. Rejects with the
   * signal's reason, the fence's error, StoreFullError or S3Error; these name the command, and `what` it was for.
   */
  async send<I extends ServiceInputTypes & { Key?: string | undefined }, O extends ServiceOutputTypes>(
    command: $Command<I, O, S3ClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>,
    signal?: AbortSignal,
    what = `of ${command.input.Key}`,
    fence?: Fence,
  ): Promise<O> {
    // Outside of what parses answers, since their codes matter.
    if (fence)
      command.middlewareStack.add(eachAttempt(fence, signal), { step: 'deserialize', priority: 'high' });
    return this.#queue.run(async () => {
      try {
        return await this.#client.send(command, signal ? { abortSignal: signal } : {});
      } catch (error) {
        if (error instanceof FenceRefusedError) throw error.reason;
        signal?.throwIfAborted();
        const action = `${command.constructor.name.replace(/Command$/, '')} ${what}`.trimEnd();
        throw translate(action, error, (text) => this.#hide(text));
      }
    }, signal);
  }

  /** Sends a request about an object; undefined if the object does not exist. */
  async ifThere<T>(ask: () => Promise<T>): Promise<T | undefined> {
    return (await ifThere(ask())) ?? (this.looksTwice ? ifThere(ask()) : undefined);
  }

  close(): void {
    this.#client.destroy();
  }

  #hide(text: string): string {
    const { accessKey, secretKey, sessionToken } = this.settings.credentials ?? {};
    return [accessKey, secretKey, sessionToken]
      .filter((secret) => secret !== undefined && secret !== '')
      .reduce<string>((hidden, secret) => hidden.replaceAll(secret ?? '', '(not shown)'), text);
  }
}

function writtenBy({ storageClass, objectAcl, encryption }: S3Settings): Written {
  return {
    // As Distribution writes it.
    ContentType: 'application/octet-stream',
    ...(storageClass && { StorageClass: storageClass }),
    ...(objectAcl && { ACL: objectAcl }),
    ...(encryption &&
      (encryption.keyId === undefined
        ? { ServerSideEncryption: 'AES256' as const }
        : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: encryption.keyId })),
  };
}
