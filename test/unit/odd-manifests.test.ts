/**
 * Promise: whatever stands where a manifest should, it is taken or is MANIFEST_INVALID, soon and in a few words; and
 * what stands in the store is read, or is an error that names it.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseManifest } from '../../services/registry/oci/manifest.ts';
import { readStoredManifest } from '../../services/registry/oci/stored-manifest.ts';
import { cpuMsOf } from '../support/cpu.ts';
import { anyText, digest } from './arbitraries.ts';
import { mutationsOf } from './mutations.ts';

const SHOWN_MAX_CHARACTERS = 2000;

const VALID_MANIFEST = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  artifactType: 'application/vnd.example',
  config: { mediaType: 'a/b', digest: `sha256:${'a'.repeat(64)}`, size: 1 },
  layers: [
    { mediaType: 'a/b', digest: `sha512:${'b'.repeat(128)}`, size: 0, urls: ['https://example.org/'] },
  ],
  subject: { mediaType: 'a/b', digest: `sha256:${'c'.repeat(64)}`, size: 5 },
  annotations: { a: 'b' },
  manifests: [{ mediaType: 'a/b', digest: `sha256:${'d'.repeat(64)}`, size: 7, platform: { os: 'linux' } }],
  blobs: [{ mediaType: 'a/b', digest: `sha256:${'e'.repeat(64)}`, size: 7 }],
  fsLayers: [{ blobSum: `sha256:${'f'.repeat(64)}` }],
  signatures: [{}],
};

const manifestBytes = fc.oneof(
  { weight: 4, arbitrary: mutationsOf(VALID_MANIFEST).map((json) => Buffer.from(JSON.stringify(json))) },
  fc.tuple(mutationsOf(VALID_MANIFEST), fc.nat(), fc.nat(255)).map(([json, at, byte]) => {
    const bytes = Buffer.from(JSON.stringify(json));
    bytes[at % bytes.length] = byte;
    return bytes;
  }),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
);

describe('odd bytes', function () {
  this.timeout(60_000);

  it('as a manifest is taken or is MANIFEST_INVALID, and quoted in a few words', () => {
    const type = fc.option(fc.oneof(anyText, fc.constant(VALID_MANIFEST.mediaType)), { nil: undefined });
    fc.assert(
      fc.property(
        manifestBytes,
        type,
        fc.constantFrom('sha256', 'sha512'),
        (bytes, contentType, algorithm) => {
          try {
            const manifest = parseManifest(bytes, contentType, algorithm);
            expect(manifest.bytes).to.equal(bytes);
          } catch (error) {
            expect(error).to.be.instanceOf(RegistryError);
            expect(error).to.include({ kind: 'MANIFEST_INVALID' });
            expect((error as Error).message.length).to.be.at.most(SHOWN_MAX_CHARACTERS);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  for (const [what, text] of [
    ['entries of a list', `{"layers":[${'{},'.repeat(300_000)}{}]}`],
    ['entries of an index', `{"manifests":[${'0,'.repeat(500_000)}0]}`],
    ['annotations', `{"annotations":{${Array.from({ length: 300_000 }, (_, i) => `"${i}":1`).join(',')}}}`],
    ['a name', `{"annotations":{"${'x'.repeat(1_000_000)}":1},"schemaVersion":2}`],
    ['a media type', `{"mediaType":"${'x'.repeat(1_000_000)}"}`],
  ] as const)
    it(`as ${what} of a manifest is refused in no time, and in a few words`, () => {
      const bytes = Buffer.from(text);
      const usedMs = cpuMsOf(() => {
        for (const type of [undefined, VALID_MANIFEST.mediaType]) {
          const error = refusalOf(() => parseManifest(bytes, type));
          expect(error.message.length).to.be.at.most(SHOWN_MAX_CHARACTERS);
        }
      });
      expect(usedMs).to.be.below(2000);
    });

  it('as a manifest in the store is read, or is an error that names it', () => {
    fc.assert(
      fc.property(manifestBytes, digest, (bytes, of) => {
        const canonicalDigest = digestOf(bytes);
        try {
          const manifest = readStoredManifest(bytes, of, canonicalDigest);
          expect(manifest).to.include({ digest: of, canonicalDigest, bytes });
          expect(manifest.mediaType).to.match(/^[\x21-\x7e]+\/[\x21-\x7e]+$/);
          for (const each of [...manifest.blobs, ...manifest.manifests])
            expect(each.sizeBytes ?? 0).to.be.at.least(0);
          for (const value of Object.values(manifest.annotations ?? {})) expect(value).to.be.a('string');
          expect(Array.isArray(manifest.annotations), 'annotations are a map').to.equal(false);
        } catch (error) {
          if ((error as Error).name === 'AssertionError') throw error;
          expect(error).to.be.instanceOf(Error).and.not.instanceOf(RegistryError);
          expect((error as Error).message).to.include(canonicalDigest);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** The error by which a manifest is refused. */
function refusalOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(RegistryError).and.include({ kind: 'MANIFEST_INVALID' });
    return error as Error;
  }
  throw new Error('it was taken');
}
