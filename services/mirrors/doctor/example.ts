import type { Agent } from 'undici';
import { z } from 'zod';
import { isSha256 } from '../../registry/oci/digest.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { openAgent } from './agent.ts';
import { ask } from './ask.ts';
import type { Example } from './context.ts';
import { Trouble } from './trouble.ts';

const Blob = z.object({ digest: z.string().refine(isSha256), sizeBytes: z.int() });
const Publications = z.object({
  publications: z.array(z.object({ seq: z.int(), collections: z.record(z.string(), z.array(Blob)) })),
});
const Mirrors = z.object({ mirrors: z.array(z.object({ url: z.string(), watermark: z.int() })) });

const ANSWER_MAX_BYTES = 16 * 1024 * 1024;
const NEWEST = 100;
/** Clients are redirected for larger blobs only; one up to the second limit is read within seconds. */
const LIKED_BYTES = { above: 64 * 1024, most: 64 * 1024 * 1024 } as const;

export interface ExampleSource {
  /** A registry with a release service, which is asked without credentials. */
  readonly registry: URL;
  /** The mirror's URL. */
  readonly mirror: URL;
  readonly rootCas?: readonly (string | Buffer)[];
}

/**
 * A published blob that the mirror should hold; undefined if nothing has been published. Throws an OperatorError if the
 * registry does not show its publication log.
 */
export async function findExample({
  registry,
  mirror,
  rootCas,
}: ExampleSource): Promise<Example | undefined> {
  const agent = openAgent(rootCas);
  try {
    const get = <T>(path: string, schema: z.ZodType<T>) => read(agent, registry, path, schema);
    const { publications } = await get(`publications?limit=${NEWEST}`, Publications);
    // Of the release service's own; one that shows its log shows its mirrors.
    const { mirrors } = await get('mirrors', Mirrors);
    const watermark = mirrors.find(({ url }) => new URL(url).href === mirror.href)?.watermark ?? 0;
    const blobs = publications.flatMap(({ seq, collections }) =>
      Object.values(collections)
        .flat()
        .map(({ digest, sizeBytes }) => ({ digest, sizeBytes, isHeld: seq <= watermark })),
    );
    return blobs.toSorted((a, b) => rank(b) - rank(a))[0];
  } finally {
    await agent.destroy();
  }
}

/** Held ones first, then those of a size that says most. */
function rank({ sizeBytes, isHeld }: Example): number {
  const isLiked = sizeBytes > LIKED_BYTES.above && sizeBytes <= LIKED_BYTES.most;
  return (
    (isHeld ? 2 : 0) + (isLiked ? 1 : sizeBytes <= LIKED_BYTES.most ? sizeBytes / LIKED_BYTES.most / 2 : 0)
  );
}

async function read<T>(agent: Agent, registry: URL, path: string, schema: z.ZodType<T>): Promise<T> {
  const url = new URL(`${registry.href.replace(/\/+$/, '')}/api/v1/${path}`);
  const body: Buffer[] = [];
  const advice = 'give the address of the release service, or name a blob with --blob and --size';
  try {
    const options = { maxBytes: ANSWER_MAX_BYTES, onBytes: (chunk: Buffer) => body.push(chunk) };
    const { status } = await ask(agent, url, options);
    if (status !== 200)
      throw new OperatorError(
        `--registry ${registry.href}: ${url.pathname} is answered with ${status}: ${advice}`,
      );
    return schema.parse(JSON.parse(Buffer.concat(body).toString()));
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const reason = error instanceof Trouble ? error.message : `${url.pathname} cannot be understood`;
    throw new OperatorError(`--registry ${registry.href}: ${reason}: ${advice}`);
  }
}
