import { z } from 'zod';
import { tryParseJson } from '../storage/json.ts';

/**
 * More than an event should weigh: then it carries no references, and the receiver asks for the manifest. Distribution
 * has no bound here, and so its queue has none in bytes.
 */
const REFERENCES_MAX_BYTES = 256 * 1024;

/** Null means absent or empty, as in the manifests that the registry accepts. */
const Text = z
  .string()
  .nullable()
  .transform((text) => text ?? '');
const Descriptor = z
  .object({
    mediaType: z.string().nullish(),
    size: z.number().nullish(),
    digest: z.string(),
    urls: z.array(Text).nullish(),
    annotations: z.record(z.string(), Text).nullish(),
  })
  .transform(({ mediaType, size, digest, urls, annotations }) => ({
    ...(mediaType && { mediaType }),
    ...(size && { size }),
    digest,
    ...(urls?.length && { urls }),
    ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
  }));

/** A descriptor in an event's `references`: what Distribution's manifests call their references, platform left out. */
export type EventReference = Readonly<z.infer<typeof Descriptor>>;

const ManifestSchema = z.object({
  config: Descriptor.nullish(),
  layers: z.array(Descriptor).nullish(),
  manifests: z.array(Descriptor).nullish(),
});

const known = new WeakMap<Buffer, readonly EventReference[]>();

/**
 * A manifest's config and layers, or an index's manifests, in its order. Remembered as long as the bytes are: those of a
 * manifest that is pulled often are in a cache.
 */
export function referencesOf(manifest: Buffer): readonly EventReference[] {
  const remembered = known.get(manifest);
  if (remembered) return remembered;
  const references = read(manifest);
  known.set(manifest, references);
  return references;
}

function read(manifest: Buffer): readonly EventReference[] {
  // The registry checked it when it was pushed; content that this schema does not know has no references.
  const { config, layers, manifests } = tryParseJson(ManifestSchema, manifest) ?? {};
  const references = [...(config ? [config] : []), ...(layers ?? []), ...(manifests ?? [])];
  return JSON.stringify(references).length > REFERENCES_MAX_BYTES ? [] : references;
}
