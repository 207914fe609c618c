import { createHash } from 'node:crypto';
import { RegistryError } from './errors.ts';

declare const brand: unique symbol;

/** A content address, `sha256:<64 lower-case hex>`; made only by {@link parseDigest} and {@link digestOf}. */
export type Digest = string & { readonly [brand]: 'Digest' };

const SHA256 = /^sha256:[a-f0-9]{64}$/;

/** True when `text` is a digest that this registry can store (OCI image spec, "Digests"; sha256 only). */
export function isDigest(text: string): text is Digest {
  return SHA256.test(text);
}

/** Parses a digest or throws DIGEST_INVALID, saying what was expected. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError('DIGEST_INVALID', 'a digest looks like sha256:<64 lower-case hexadecimal digits>', {
    digest: text.slice(0, 200),
  });
}

/** The 64 hexadecimal digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** What passed through a {@link hashing} stream so far. */
export interface Passed {
  sizeBytes: number;
  /** Call once, after the last byte. */
  digest(): Digest;
}

/** Wraps a body so that it is hashed and counted as it passes; the bytes themselves are not kept. */
export function hashing(body: AsyncIterable<Buffer>): { body: AsyncIterable<Buffer>; passed: Passed } {
  const hash = createHash('sha256');
  const passed: Passed = { sizeBytes: 0, digest: () => `sha256:${hash.digest('hex')}` as Digest };
  async function* through(): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      hash.update(chunk);
      passed.sizeBytes += chunk.length;
      yield chunk;
    }
  }
  return { body: through(), passed };
}

/** Reads a stream to its end; answers with what it was. */
export async function digestOfStream(
  body: AsyncIterable<Buffer>,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const { body: through, passed } = hashing(body);
  for await (const _ of through);
  return { digest: passed.digest(), sizeBytes: passed.sizeBytes };
}
