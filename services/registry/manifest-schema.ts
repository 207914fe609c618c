import { z } from 'zod';
import { type Digest, isDigest } from './digest.ts';
import { RegistryError } from './errors.ts';

/** The shapes of manifests (OCI image specification, and Docker's schema 2), checked up to the first fault. */

export const IMAGE_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
export const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

const DigestSchema = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
  error: 'expected sha256:<64 hexadecimal digits> or sha512:<128>',
});
export const DescriptorSchema = z.looseObject({
  mediaType: z.string().min(1).max(255),
  digest: DigestSchema,
  size: z.int().nonnegative(),
  urls: z.custom<string[]>(isStringArray, 'expected a list of URLs').optional(),
});
/**
 * Looked at one by one, up to the first that is wrong: the library would gather what is wrong with each of a million
 * entries, and take gigabytes and half a minute for a manifest of four megabytes.
 */
const LIST = z.array(z.unknown());
export const PlatformSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});
const COMMON = {
  schemaVersion: z.literal(2),
  artifactType: z.string().max(255).optional(),
  annotations: z.custom<Record<string, string>>(isStringMap, 'expected texts by name').optional(),
  subject: DescriptorSchema.optional(),
};
export const ImageSchema = z.looseObject({
  ...COMMON,
  mediaType: z.enum(IMAGE_TYPES).optional(),
  config: DescriptorSchema,
  layers: LIST,
});
export const IndexSchema = z.looseObject({
  ...COMMON,
  mediaType: z.enum(INDEX_TYPES).optional(),
  manifests: LIST,
});
export const ChildSchema = DescriptorSchema.extend({ platform: PlatformSchema.optional() });

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

function isStringArray(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Whether a value is an object of texts, as annotations are. */
export function isStringMap(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === 'string')
  );
}

/** What a client sent may stand in the message, but not all of four megabytes. */
const MESSAGE_MAX_CHARACTERS = 500;

export function invalid(message: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', message.slice(0, MESSAGE_MAX_CHARACTERS));
}
