import { randomInt, randomUUID } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { sha256 } from '../support/digest.ts';
import type { Descriptor } from '../support/image.ts';

/** Where a node sent a client for a blob; undefined if it served the blob itself. */
export type Location = string | undefined;

/** A client that no node has met before: nothing that it asks for is taken for a repetition. */
interface Stranger {
  /** All of 127.0.0.0/8 is this machine. */
  readonly localAddress: string;
  readonly userAgent: string;
}

function newStranger(): Stranger {
  const localAddress = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(2, 255)}`;
  return { localAddress, userAgent: `test/${randomUUID()}` };
}

/** Asks for a blob and follows no redirect. */
async function ask(url: string, { localAddress, userAgent }: Stranger): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { localAddress, agent: false, headers: { 'user-agent': userAgent }, timeout: 30_000 };
    const request = get(url, options, resolve).once('error', reject);
    request.once('timeout', () => request.destroy(new Error(`${url} was not answered within 30 s`)));
  });
}

/** Where the node at `url` sends a new client for a blob. */
export async function locationOf(url: string, repository: string, digest: string): Promise<Location> {
  const answer = await ask(`${url}/v2/${repository}/blobs/${digest}`, newStranger());
  answer.destroy();
  if (answer.statusCode === 302) return answer.headers.location;
  if (answer.statusCode === 200) return undefined;
  throw new Error(`${digest} was answered with ${answer.statusCode}`);
}

/** Of these blobs, those for which the node sends a new client to somewhere below `place`. */
export async function redirectedTo(
  place: string,
  url: string,
  repository: string,
  blobs: readonly Descriptor[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { digest } of blobs)
    if ((await locationOf(url, repository, digest))?.startsWith(`${place}/`)) found.push(digest);
  return found;
}

/**
 * Pulls a blob as a new client that follows a redirect once. Returns where it came from; throws if that was a redirect to
 * anything but the whole, right blob.
 */
export async function pullStrictly(
  url: string,
  repository: string,
  { digest, size }: Descriptor,
): Promise<Location> {
  const stranger = newStranger();
  const answer = await ask(`${url}/v2/${repository}/blobs/${digest}`, stranger);
  if (answer.statusCode !== 302) {
    answer.destroy();
    if (answer.statusCode !== 200) throw new Error(`${digest} was answered with ${answer.statusCode}`);
    return undefined;
  }
  answer.resume();
  const { location = '' } = answer.headers;
  const there = await ask(location, stranger);
  const bytes = await buffer(there);
  if (there.statusCode !== 200) throw new Error(`${location} is answered with ${there.statusCode}`);
  if (bytes.length !== size || sha256(bytes) !== digest)
    throw new Error(`${location} has ${bytes.length} wrong bytes instead of ${size}`);
  return location;
}
