import { type Digest, hexOf, isSha256, type Sha256Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import { seal, unseal } from './sealed.ts';

/** What a manifest refers to; true for ever, as its bytes are its name. */
export interface ManifestReferences {
  readonly kind: 'manifest';
  readonly digest: Sha256Digest;
  /** Blobs of every kind, also those that may be elsewhere. */
  readonly blobs: readonly Digest[];
  /** What an index lists: manifests, or blobs in a cache. */
  readonly children: readonly Digest[];
  readonly subject: Digest | undefined;
}

/** That two digests are of the same bytes. */
export interface AliasReference {
  readonly kind: 'alias';
  /** By SHA-512. */
  readonly named: Digest;
  readonly stored: Sha256Digest;
}

export type Reference = ManifestReferences | AliasReference;

const MAGIC = Buffer.from('roadstead facts 1\n');
const [MANIFEST, ALIAS] = [1, 2];
const [BY_SHA256, BY_SHA512] = [1, 2];
const HEADER_BYTES = 1 + 32 + 12;

/** What a manifest refers to. */
export function referencesOf({
  canonicalDigest,
  blobs,
  foreign,
  manifests,
  subject,
}: Manifest): ManifestReferences {
  return {
    kind: 'manifest',
    digest: canonicalDigest,
    blobs: [...blobs, ...foreign].map(({ digest }) => digest),
    children: manifests.map(({ digest }) => digest),
    subject: subject?.digest,
  };
}

/** The bytes of references in a segment. */
export function encodeReference(reference: Reference): Buffer {
  if (reference.kind === 'alias')
    return Buffer.concat([Buffer.of(ALIAS), ...[reference.named, reference.stored].map(encodeDigest)]);
  const { digest, blobs, children, subject } = reference;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(MANIFEST, 0);
  header.write(hexOf(digest), 1, 'hex');
  header.writeUInt32LE(blobs.length, 33);
  header.writeUInt32LE(children.length, 37);
  header.writeUInt32LE(subject ? 1 : 0, 41);
  return Buffer.concat([header, ...[...blobs, ...children, ...(subject ? [subject] : [])].map(encodeDigest)]);
}

/** A segment of encoded references, as it is stored. */
export function sealSegment(references: readonly Buffer[]): Buffer {
  return seal(MAGIC, references);
}

/** The references of a segment; undefined for one that is damaged, or of another version. */
export function openSegment(bytes: Buffer): Generator<Reference> | undefined {
  const body = unseal(MAGIC, bytes);
  return body && decodeReferences(body);
}

/** Decodes references that were encoded one after the other. */
export function* decodeReferences(body: Buffer): Generator<Reference> {
  const cursor = { at: 0 };
  while (cursor.at < body.length) {
    if (body[cursor.at] === ALIAS) {
      cursor.at++;
      const named = readDigest(body, cursor);
      yield { kind: 'alias', named, stored: readDigest(body, cursor) as Sha256Digest };
      continue;
    }
    const { at } = cursor;
    const [blobs, children, subjects] = [33, 37, 41].map((offset) => body.readUInt32LE(at + offset));
    const digest = `sha256:${body.toString('hex', at + 1, at + 33)}` as Sha256Digest;
    cursor.at += HEADER_BYTES;
    const read = (count = 0) => Array.from({ length: count }, () => readDigest(body, cursor));
    yield {
      kind: 'manifest',
      digest,
      blobs: read(blobs),
      children: read(children),
      subject: read(subjects)[0],
    };
  }
}

function encodeDigest(digest: Digest): Buffer {
  return Buffer.concat([
    Buffer.of(isSha256(digest) ? BY_SHA256 : BY_SHA512),
    Buffer.from(hexOf(digest), 'hex'),
  ]);
}

function readDigest(body: Buffer, cursor: { at: number }): Digest {
  const isShort = body[cursor.at] === BY_SHA256;
  const [from, to] = [cursor.at + 1, cursor.at + 1 + (isShort ? 32 : 64)];
  cursor.at = to;
  return `${isShort ? 'sha256' : 'sha512'}:${body.toString('hex', from, to)}` as Digest;
}
