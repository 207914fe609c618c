import { request } from 'undici';
import { messageOf } from '../registry/runtime/message-of.ts';
import { blobDataKey } from '../registry/storage/layout.ts';
import { failureReason } from './failure-reason.ts';
import type { WantedBlob } from './targets/target.ts';

/** A mirror that takes longer for one byte would stall clients, which have no such limit themselves. */
const PROBE_TIMEOUT_MS = 2000;

/** By it, operators of mirrors distinguish probes from clients in their logs. */
export const PROBE_USER_AGENT = 'roadstead-probe';

/** What a probe found. */
export type ProbeResult =
  | { readonly kind: 'good' }
  /** The mirror answers, but does not hold what it should. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The mirror does not answer as a web server should. */
  | { readonly kind: 'failing'; readonly reason: string };

/** Asks a mirror, as clients would, for one byte of a blob that it holds. */
export async function probeBlob(
  mirrorUrl: string,
  blob: WantedBlob,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return attempt(
    `${mirrorUrl}/${blobDataKey(blob.digest)}`,
    { range: 'bytes=0-0' },
    signal,
    (status, headers) => {
      const range = /\/(\d+)$/.exec(String(headers['content-range'] ?? ''))?.[1];
      const sizeBytes = Number(status === 206 ? range : headers['content-length']);
      if (status === 206 || status === 200)
        return sizeBytes === blob.sizeBytes
          ? { kind: 'good' }
          : {
              kind: 'lost',
              reason: `${blob.digest} has ${sizeBytes} bytes there instead of ${blob.sizeBytes}`,
            };
      if (status < 500 && status !== 429)
        return { kind: 'lost', reason: `${blob.digest} is answered with ${status}` };
      return { kind: 'failing', reason: `it answers ${status}` };
    },
  );
}

/** Asks a mirror that holds nothing yet for anything at all. */
export async function probeServer(mirrorUrl: string, signal: AbortSignal): Promise<ProbeResult> {
  return attempt(`${mirrorUrl}/`, {}, signal, (status) =>
    status < 500 ? { kind: 'good' } : { kind: 'failing', reason: `it answers ${status}` },
  );
}

async function attempt(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  judge: (status: number, headers: Record<string, unknown>) => ProbeResult,
): Promise<ProbeResult> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
  try {
    // Redirects are not followed: a mirror that bounces does not hold the blob.
    const response = await request(url, {
      method: 'GET',
      headers: { ...headers, 'user-agent': PROBE_USER_AGENT },
      signal: limit,
    });
    // The one byte must arrive, too; if the server ignores Range, no more than that is read.
    for await (const _ of response.body) break;
    return judge(response.statusCode, response.headers);
  } catch (error) {
    signal.throwIfAborted();
    const reason = limit.aborted
      ? `no answer within ${PROBE_TIMEOUT_MS / 1000} s`
      : failureReason(error, messageOf(error));
    return { kind: 'failing', reason };
  }
}
