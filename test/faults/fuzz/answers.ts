/** An answer as it came. */
export interface Answer {
  readonly status: number;
  /** The lines between the status and the empty one. */
  readonly head: string;
  readonly body: Buffer;
}

/** One header of an answer. */
export function headerOf({ head }: Answer, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1];
}

const EMPTY = Buffer.alloc(0);
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Takes answers off a connection's bytes, strictly: whatever is no answer with a known end throws. */
export class AnswerReader {
  #pending: Buffer = EMPTY;

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** The next whole answer to a request of this method; undefined while it is not all there. Passes over 1xx. */
  next(method: string): Answer | undefined {
    for (;;) {
      const end = this.#pending.indexOf(END_OF_HEAD);
      if (end < 0) return undefined;
      const text = this.#pending.toString('latin1', 0, end);
      const [first = ''] = text.split('\r\n', 1);
      const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) /.exec(first)?.[1]);
      if (!status) throw new Error(`no answer: ${JSON.stringify(text.slice(0, 200))}`);
      const head = text.slice(first.length + 2).replaceAll('\r\n', '\n');
      const from = end + END_OF_HEAD.length;
      if (status < 200) {
        this.#pending = this.#pending.subarray(from);
        continue;
      }
      const lengthBytes = lengthOf(method, status, head);
      if (this.#pending.length < from + lengthBytes) return undefined;
      const body = this.#pending.subarray(from, from + lengthBytes);
      this.#pending = this.#pending.subarray(from + lengthBytes);
      return { status, head, body };
    }
  }

  /** What came and is no answer yet. */
  get rest(): Buffer {
    return this.#pending;
  }
}

const NO_CHUNKS_BYTES = '0\r\n\r\n'.length;

function lengthOf(method: string, status: number, head: string): number {
  if (method === 'HEAD' || status === 204 || status === 304) return 0;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  const isChunked = /^transfer-encoding: chunked$/im.test(head);
  // Node's own words: to an Expect that it does not know, and to what its parser refuses.
  if (status === 417 && isChunked) return NO_CHUNKS_BYTES;
  if (!isChunked && /^connection: close$/im.test(head)) return 0;
  throw new Error(`an answer of unknown length: ${head}`);
}
