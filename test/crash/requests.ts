import { contentOf } from '../../services/registry/content/content.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { promote as postPromotion } from '../release/promoting.ts';
import type { Content, Image } from '../support/image.ts';
import { ask, expectBytes } from './client.ts';
import type { Step, World } from './scenario.ts';
import { Upload } from './uploading.ts';

export interface Putting {
  readonly repository: string;
  readonly image: Content;
  /** A tag, or a digest. */
  readonly reference: string;
  /** Beside a digest in the URL. */
  readonly tags?: readonly string[];
  readonly headers?: Record<string, string>;
  /** False when a later step moves its tag on. */
  readonly stays?: boolean;
}

/** PUT of a manifest; the same again when no answer came. */
export function putting({ repository, image, reference, tags = [], headers, stays = true }: Putting): Step {
  const query = tags.map((tag) => `tag=${tag}`).join('&');
  const target = `/v2/${repository}/manifests/${reference}${query ? `?${query}` : ''}`;
  const put = (world: World, statuses: readonly number[]) =>
    ask(world, 'PUT', target, statuses, {
      body: image.bytes,
      headers: { 'content-type': image.mediaType, ...headers },
    });
  return {
    does: `put the manifest ${reference.slice(0, 20)}${query && ` with ${query}`}`,
    async act(world) {
      await put(world, [201]);
    },
    async retry(world) {
      // Under a condition a second try finds what the first has done.
      const { status } = await put(world, headers ? [201, 412] : [201]);
      if (status === 412) await expectBytes(world, `/v2/${repository}/manifests/${reference}`, image.bytes);
    },
    async holds(world) {
      if (!stays) return;
      for (const each of [reference, ...tags])
        await expectBytes(world, `/v2/${repository}/manifests/${each}`, image.bytes);
    },
  };
}

/** An image and all that it names. */
export async function pushImage(
  world: World,
  repository: string,
  image: Image<Content>,
  reference: string,
): Promise<void> {
  await pushBlobs(world, repository, image);
  await putting({ repository, image, reference }).act(world);
}

/** The blobs of an image, named by the algorithm by which it names them. */
export async function pushBlobs(world: World, repository: string, image: Image<Content>): Promise<void> {
  const algorithm = image.bytes.includes('"sha512:') ? 'sha512' : 'sha256';
  for (const { bytes } of image.blobs) await new Upload({ repository, bytes, algorithm }).push(world);
}

/** DELETE; a second one finds nothing. */
export function deleting(target: string): Step {
  return {
    does: `DELETE ${target.replace(/[0-9a-f]{50,}/, '…')}`,
    async act(world) {
      await ask(world, 'DELETE', target, [202, 204]);
    },
    async retry(world) {
      await ask(world, 'DELETE', target, [202, 204, 404]);
    },
    async holds(world) {
      await ask(world, 'GET', target, [404], { headers: { accept: '*/*' } });
    },
  };
}

/** A promotion; the same again when no answer came. */
export function promoting(
  source: string,
  target: string,
  image: Content,
  options: Record<string, unknown> = {},
): Step {
  const [repository = '', tag = ''] = target.split(':');
  return {
    does: `promote ${source} to ${target}`,
    async act(world) {
      const { status, body, lines } = await postPromotion(world.url, source, target, options);
      if (lines.at(-1)?.event !== 'done') throw new Error(`answered with ${status} ${body.toString()}`);
    },
    holds: (world) => expectBytes(world, `/v2/${repository}/manifests/${tag}`, image.bytes),
  };
}

/** Holds that a tag names one of these, whoever asks. */
export async function expectTag(
  { stored }: World,
  image: string,
  allowed: readonly Content[],
): Promise<void> {
  const [repository = '', tag = ''] = image.split(':');
  const { tags } = contentOf(stored);
  const digest = await tags.resolve(parseRepositoryName(repository), parseTag(tag));
  if (!allowed.some((each) => each.digest === digest))
    throw new Error(`${image} names ${digest ?? 'nothing'}`);
}
