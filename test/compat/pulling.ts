import { expect } from 'chai';
import { type Answer, send } from '../protocol/wire.ts';
import { digestBy, sha256 } from '../support/digest.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import type { Pair } from './beside.ts';

const ACCEPT = [MEDIA_TYPES.image, MEDIA_TYPES.index, MEDIA_TYPES.dockerImage, MEDIA_TYPES.dockerList].join();

interface Reference {
  readonly digest: string;
}

interface ManifestJson {
  readonly config?: Reference;
  readonly layers?: readonly Reference[];
  readonly manifests?: readonly Reference[];
}

/** GET or HEAD of a manifest, of any type. */
export function askForManifest(
  url: string,
  name: string,
  reference: string,
  method = 'GET',
): Promise<Answer> {
  return send(url, `/v2/${name}/manifests/${reference}`, { method, headers: { accept: ACCEPT } });
}

/** The digest of bytes by the algorithm of another digest. */
function digestLike(digest: string, bytes: Buffer): string {
  return digestBy(digest.startsWith('sha512:') ? 'sha512' : 'sha256', bytes);
}

/**
 * Pulls all that a tag or digest leads to, as a client does: every manifest and every blob, each held to be the bytes
 * of its digest. Answers with the headers that clients go by, by target.
 */
export async function pullAll(
  url: string,
  name: string,
  reference: string,
): Promise<Record<string, Record<string, unknown>>> {
  const pulled: Record<string, Record<string, unknown>> = {};
  const pull = async (target: string, digest: string | undefined): Promise<Buffer> => {
    const answer = await send(url, target, { headers: { accept: ACCEPT } });
    expect(answer.status, `${url}${target}: ${answer.body}`).to.equal(200);
    if (digest !== undefined) expect(digestLike(digest, answer.body), target).to.equal(digest);
    const { headers } = answer;
    pulled[target] = {
      'content-type': headers['content-type'],
      'content-length': headers['content-length'],
      'docker-content-digest': headers['docker-content-digest'],
      etag: headers['etag'],
      bytes: sha256(answer.body),
    };
    return answer.body;
  };
  const walk = async (each: string): Promise<void> => {
    const bytes = await pull(`/v2/${name}/manifests/${each}`, each.includes(':') ? each : undefined);
    const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString('utf8')) as ManifestJson;
    for (const { digest } of config ? [config, ...layers] : layers)
      await pull(`/v2/${name}/blobs/${digest}`, digest);
    for (const { digest } of manifests) await walk(digest);
  };
  await walk(reference);
  return pulled;
}

/** Holds both registries to serve the same for a tag or digest: bytes, and the headers that clients go by. */
export async function expectSamePull({ ours, theirs }: Pair, name: string, reference: string): Promise<void> {
  const [our, their] = await Promise.all([ours, theirs].map(({ url }) => pullAll(url, name, reference)));
  expect(our).to.deep.equal(their);
}

/** What a tag names according to a registry; undefined where it has none such. */
export async function tagged(url: string, name: string, tag: string): Promise<string | undefined> {
  const answer = await askForManifest(url, name, tag, 'HEAD');
  if (answer.status === 404) return undefined;
  expect(answer.status).to.equal(200);
  return answer.headers['docker-content-digest'] as string;
}

/** All entries of a paged list, as its links lead. */
export async function listPages(url: string, target: string, member: string): Promise<string[]> {
  const entries: string[] = [];
  let next: string | undefined = target;
  while (next !== undefined) {
    const answer = await send(url, next);
    expect(answer.status, answer.body.toString()).to.equal(200);
    entries.push(...((JSON.parse(answer.body.toString()) as Record<string, string[] | null>)[member] ?? []));
    const link = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers['link'] ?? ''))?.[1];
    next = link && new URL(link, url).pathname + new URL(link, url).search;
  }
  return entries;
}
