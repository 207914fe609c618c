import { z } from 'zod';
import { type Digest, isDigest } from './digest.ts';
import { RegistryError } from './errors.ts';

/**
 * The shapes of manifests (OCI image specification, and Docker's schema 2), checked up to the first fault. An optional
 * member that is null is read as if it were absent, as programs in Go do: they write null for an empty list.
 */

export const IMAGE_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
export const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

export const DigestSchema = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  error: 'expected sha256:<64 hexadecimal digits> or sha512:<128>',
});
const MediaTypeSchema = z.string().max(255).nullish();

/** A member that may be absent, or null, which counts as absent. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

export const DescriptorSchema = z.looseObject({
  mediaType: MediaTypeSchema.transform((type) => type ?? ''),
  digest: DigestSchema,
  size: optional(z.int().nonnegative()),
  urls: z
    .custom<(string | null)[]>(isTextList, 'expected a list of URLs')
    .nullish()
    .transform((urls) => (urls ?? []).map((url) => url ?? '')),
});
/**
 * Checked one by one, up to the first fault: the library would gather the faults of a million entries, and take gigabytes
 * and half a minute for a manifest of four megabytes.
 */
const LIST = z
  .array(z.unknown())
  .nullish()
  .transform((list) => list ?? []);
export const PlatformSchema = z.looseObject({
  os: optional(z.string()),
  architecture: optional(z.string()),
  variant: optional(z.string()),
});
const COMMON = {
  schemaVersion: z.literal(2),
  artifactType: MediaTypeSchema,
  annotations: z
    .custom<Record<string, string | null>>(isTextMap, 'expected texts by name')
    .nullish()
    .transform(textsOf),
  subject: optional(DescriptorSchema),
};
export const ImageSchema = z.looseObject({
  ...COMMON,
  mediaType: z.enum(['', ...IMAGE_TYPES]).nullish(),
  config: DescriptorSchema,
  layers: LIST,
});
export const IndexSchema = z.looseObject({
  ...COMMON,
  mediaType: z.enum(['', ...INDEX_TYPES]).nullish(),
  manifests: LIST,
});
export const ChildSchema = DescriptorSchema.extend({
  platform: optional(PlatformSchema),
});

export function check<T>(schema: z.ZodType<T>, json: unknown, at: readonly string[] = []): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [...at, ...(issue?.path ?? [])].join('.') || 'manifest';
  throw invalid(issue ? `${path}: ${issue.message}` : 'the manifest is malformed');
}

export function checkEach<T>(schema: z.ZodType<T>, name: string, list: readonly unknown[]): T[] {
  return list.map((each, i) => check(schema, each, [name, String(i)]));
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

function isText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/** Whether a value is an object of texts, as annotations are. */
function isTextMap(value: unknown): value is Record<string, string | null> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isText)
  );
}

/** Annotations as every reader takes them; undefined for anything else. */
export function textsOf(value: unknown): Record<string, string> | undefined {
  if (!isTextMap(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, text ?? '']));
}

/** Messages may quote what a client sent, but not four megabytes. */
const MESSAGE_MAX_CHARACTERS = 500;

export function invalid(message: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', message.slice(0, MESSAGE_MAX_CHARACTERS));
}
