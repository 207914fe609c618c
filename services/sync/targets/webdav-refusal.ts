import type { Dispatcher } from 'undici';
import { retryAfterMs } from '../../mirrors/retry-after.ts';
import type { WantedBlob } from './target.ts';
import { type Refusal, WriteRefused } from './write-refused.ts';

/** Statuses that say that the blob is too large, or the disk too full for it. nginx answers 500 when its disk is full. */
const BY_SIZE: Readonly<Record<number, string>> = {
  413: 'it takes no file of this size',
  500: 'its disk may be full',
  507: 'its disk is full',
};

/** Other statuses, in words. */
const WORDS: Readonly<Record<number, string>> = {
  401: 'it wants another password',
  403: 'it forbids this write',
  404: 'there is no such place',
  405: 'it does not allow writes',
  422: 'it does not accept this file',
  429: 'too many requests',
  503: 'it is not available now',
};

/**
 * What a status of 300 or more means. `mayBeBlob`: the mirror recently took other blobs, so that a 403 is about this one (a
 * filter that looks at contents), and not about its worker.
 */
export function refusalOf(
  method: string,
  { statusCode: status, headers }: Dispatcher.ResponseData,
  blob: WantedBlob | undefined,
  mayBeBlob: boolean,
): WriteRefused {
  const bySize = method === 'PUT' || status !== 500 ? BY_SIZE[status] : undefined;
  const words = bySize ?? WORDS[status];
  const size = bySize === undefined || blob === undefined ? '' : ` (${blob.sizeBytes} bytes)`;
  const message = `${method} was answered with ${status}${words === undefined ? '' : `: ${words}${size}`}`;
  const isOfBlob = bySize !== undefined || status === 422 || (status === 403 && mayBeBlob);
  const kind: Refusal = isOfBlob ? 'this-blob' : 'mirror';
  return new WriteRefused(message, {
    ...{ kind, status, isBySize: bySize !== undefined },
    retryAfterMs: retryAfterMs(headers['retry-after']),
  });
}
