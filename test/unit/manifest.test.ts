/**
 * Promise: what a manifest names is read out of it exactly, and nothing that calls itself a manifest can make the
 * parser do anything but answer or refuse.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { isManifestMediaType, parseManifest } from '../../services/registry/oci/manifest.ts';
import { digest } from './arbitraries.ts';
import { outcomeOf } from './registry-error.ts';

const OCI = 'application/vnd.oci.image';
const DOCKER = 'application/vnd.docker.distribution.manifest';
const imageTypes = [`${OCI}.manifest.v1+json`, `${DOCKER}.v2+json`];
const indexTypes = [`${OCI}.index.v1+json`, `${DOCKER}.list.v2+json`];

const descriptor = fc.record({
  mediaType: fc.constantFrom('application/octet-stream', `${OCI}.layer.v1.tar+gzip`),
  digest,
  size: fc.nat(),
});
const image = fc.record(
  {
    schemaVersion: fc.constant(2),
    mediaType: fc.constantFrom(...imageTypes),
    config: descriptor,
    layers: fc.array(descriptor, { maxLength: 5 }),
    subject: descriptor,
    annotations: fc.dictionary(fc.string(), fc.string()),
  },
  { requiredKeys: ['schemaVersion', 'config', 'layers'] },
);
const index = fc.record(
  {
    schemaVersion: fc.constant(2),
    mediaType: fc.constantFrom(...indexTypes),
    manifests: fc.array(descriptor, { maxLength: 5 }),
    subject: descriptor,
  },
  { requiredKeys: ['schemaVersion', 'manifests'] },
);
const encode = (json: unknown) => Buffer.from(JSON.stringify(json));
const told = ({ mediaType, digest: of, size }: { mediaType: string; digest: string; size: number }) => ({
  mediaType,
  digest: of,
  sizeBytes: size,
});

describe('manifests', () => {
  it('of images name their config and layers', () => {
    fc.assert(
      fc.property(image, (json) => {
        const bytes = encode(json);
        const manifest = parseManifest(bytes);
        expect(manifest.bytes).to.equal(bytes);
        expect(manifest.digest).to.equal(digestOf(bytes));
        expect(manifest.mediaType).to.equal(json.mediaType ?? imageTypes[0]);
        expect(manifest.blobs).to.deep.equal([json.config, ...json.layers].map(told));
        expect(manifest.manifests).to.deep.equal([]);
        expect(manifest.subject).to.deep.equal(json.subject && told(json.subject));
      }),
    );
  });

  it('of indexes name their manifests', () => {
    fc.assert(
      fc.property(index, (json) => {
        const manifest = parseManifest(encode(json));
        expect(manifest.mediaType).to.equal(json.mediaType ?? indexTypes[0]);
        expect(manifest.manifests).to.deep.equal(
          json.manifests.map((child) => ({ ...told(child), platform: undefined })),
        );
        expect(manifest.blobs).to.deep.equal([]);
        expect(isManifestMediaType(manifest.mediaType)).to.equal(true);
      }),
    );
  });

  it('are never two things at once', () => {
    fc.assert(
      fc.property(
        image,
        index,
        fc.option(fc.constantFrom(...imageTypes, ...indexTypes), { nil: undefined }),
        (a, b, type) => {
          const both = { ...a, ...b };
          const outcome = outcomeOf(() => parseManifest(encode(both), type));
          expect(outcome).to.deep.equal({ kind: 'MANIFEST_INVALID' });
        },
      ),
    );
  });

  it('are what their Content-Type says only when they do not say otherwise themselves', () => {
    const types = fc.constantFrom(...imageTypes, ...indexTypes, 'application/json');
    fc.assert(
      fc.property(fc.oneof(image, index), types, (json, contentType) => {
        const outcome = outcomeOf(() => parseManifest(encode(json), contentType));
        if (!('value' in outcome)) return;
        expect(outcome.value.mediaType).to.equal(contentType);
        expect(json.mediaType ?? contentType).to.equal(contentType);
      }),
    );
  });

  it('that are anything else are refused, and nothing worse', () => {
    const odd = fc.oneof(
      { weight: 3, arbitrary: fc.jsonValue() },
      fc.record(
        {
          schemaVersion: fc.oneof(fc.constant(2), fc.jsonValue()),
          mediaType: fc.oneof(fc.constantFrom(...imageTypes, ...indexTypes), fc.jsonValue()),
          config: fc.oneof(descriptor, fc.jsonValue()),
          layers: fc.oneof(fc.array(fc.oneof(descriptor, fc.jsonValue())), fc.jsonValue()),
          manifests: fc.oneof(fc.array(descriptor), fc.jsonValue()),
          subject: fc.oneof(descriptor, fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
    );
    const bytes = fc.oneof(
      odd.map(encode),
      fc.uint8Array({ maxLength: 200 }).map((raw) => Buffer.from(raw)),
    );
    fc.assert(
      fc.property(bytes, fc.option(fc.string(), { nil: undefined }), (raw, contentType) => {
        const outcome = outcomeOf(() => parseManifest(raw, contentType));
        if ('kind' in outcome) expect(outcome.kind).to.equal('MANIFEST_INVALID');
      }),
      { numRuns: 2000 },
    );
  });

  it('may be nested without end in members that nobody reads', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const bytes = Buffer.from(`{"schemaVersion":2,"manifests":[],"x":${deep}}`);
    expect(outcomeOf(() => parseManifest(bytes))).to.have.property('value');
  });
});
