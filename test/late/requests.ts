import type { Fence } from '../../services/registry/storage/fence.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { kindOf } from '../crash/key-kinds.ts';
import { gather } from '../support/gather.ts';

const METHODS = ['put', 'putIfAbsent', 'compose', 'grow', 'delete'] as const;

/** A request to a store to make or to delete something, as it lies on the wire. */
export interface WriteRequest {
  readonly method: (typeof METHODS)[number];
  /** The operation and the kind of key, for people. */
  readonly what: string;
  readonly fence: Fence | undefined;
  /** Who made it. */
  readonly stack: string;
  /** Reads its body to the end. */
  read(): Promise<void>;
  /** Has it done by a store; may be called again. */
  sendTo(store: ObjectStore): Promise<unknown>;
}

/** The request that a call of a store's method makes; undefined when it writes nothing. */
export function requestOf(method: string | symbol, args: readonly unknown[]): WriteRequest | undefined {
  const known = METHODS.find((each) => each === method);
  if (known === undefined) return undefined;
  const { stack = '' } = new Error('a write');
  let body: Promise<Buffer> | undefined;
  const whole = () => (body ??= bodyOf(args[known === 'grow' ? 2 : 1]));
  const send = async (store: ObjectStore): Promise<unknown> => {
    const [first, second, third, fourth] = args as never[];
    if (known === 'put') return store.put(first ?? '', await whole(), third);
    if (known === 'putIfAbsent') return store.putIfAbsent(first ?? '', await whole(), third, fourth);
    if (known === 'compose') return store.compose(first ?? [], second ?? '', third);
    if (known === 'delete') return store.delete(first ?? [], second, third);
    return store.grow?.(first ?? '', second ?? 0, once(await whole()));
  };
  const options = args[2] as { readonly fence?: Fence } | undefined;
  return {
    method: known,
    what: `${known} ${kindsOf(known === 'compose' ? args[1] : args[0])}`,
    fence: known === 'put' || known === 'delete' ? options?.fence : undefined,
    ...{ stack, sendTo: send },
    async read() {
      await whole();
    },
  };
}

function kindsOf(keys: unknown): string {
  const [first = 'nothing', ...more] = [keys].flat().map(String);
  return `${kindOf(first)}${more.length > 0 ? ` and ${more.length} more` : ''}`;
}

async function bodyOf(body: unknown): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body;
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) return Buffer.alloc(0);
  return Buffer.concat(await gather(body as AsyncIterable<Buffer>));
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
