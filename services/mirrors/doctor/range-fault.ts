import type { Answer } from './ask.ts';

interface Asked {
  readonly first: number;
  readonly last: number;
  /** Of the whole blob. */
  readonly sizeBytes: number;
}

/** What is wrong with the answer to one range, apart from its bytes' content; undefined if nothing is. */
export function rangeFault(answer: Answer, { first, last, sizeBytes }: Asked): string | undefined {
  const { status, headers, broken } = answer;
  const asked = `bytes=${first}-${last}`;
  if (status === 200)
    return `Range: ${asked} is ignored (200 instead of 206): a client cannot resume a download. Let the server support ranges`;
  if (status !== 206) return `Range: ${asked} is answered with ${status} instead of 206`;
  const wanted = `bytes ${first}-${last}/${sizeBytes}`;
  if (headers['content-range'] !== wanted)
    return `Range: ${asked} is answered with Content-Range: ${headers['content-range']} instead of ${wanted}`;
  if (broken !== undefined) return `Range: ${asked}: the answer broke off: ${broken}`;
  const wantedBytes = last - first + 1;
  return answer.sizeBytes === wantedBytes
    ? undefined
    : `Range: ${asked} is answered with ${answer.sizeBytes} bytes instead of ${wantedBytes}`;
}
