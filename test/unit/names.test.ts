/**
 * Promise: names, tags and digests are exactly those of the OCI grammar; whatever is printed can be read again; and
 * no input, however odd, makes a parser throw anything but the failure that a client is told.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { digestOf, Hasher, hexOf, isDigest, parseDigest } from '../../services/registry/oci/digest.ts';
import {
  isMirrorName,
  newUploadId,
  parseImageName,
  parseReference,
  parseRepositoryName,
  parseTag,
  parseUploadId,
  printImageName,
  printReference,
} from '../../services/registry/oci/names.ts';
import { anyText, digest, repositoryName, tag } from './arbitraries.ts';
import { expectRefused, outcomeOf } from './registry-error.ts';

const reference = fc.oneof(
  tag.map((each) => ({ kind: 'tag' as const, tag: each })),
  digest.map((each) => ({ kind: 'digest' as const, digest: each })),
);

describe('names', () => {
  it('are read again as what was printed', () => {
    fc.assert(
      fc.property(repositoryName, reference, (repository, of) => {
        expect(parseRepositoryName(repository)).to.equal(repository);
        expect(parseReference(printReference(of))).to.deep.equal(of);
        const image = { repository, reference: of };
        expect(parseImageName(printImageName(image))).to.deep.equal(image);
      }),
    );
  });

  it('of any other form are refused, and nothing worse', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const parse of [parseRepositoryName, parseTag, parseDigest, parseUploadId])
          for (const outcome of [outcomeOf(() => parse(text))])
            if ('value' in outcome) expect(outcome.value).to.equal(text);
        const image = outcomeOf(() => parseImageName(text));
        if ('value' in image) expect(parseImageName(printImageName(image.value))).to.deep.equal(image.value);
        outcomeOf(() => parseReference(text));
        isMirrorName(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('of repositories never lead out of a path', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (!('value' in outcomeOf(() => parseRepositoryName(text)))) return;
        for (const part of text.split('/')) expect(part).to.match(/^[a-z0-9][a-z0-9._-]*$/);
        expect(text.length).to.be.at.most(255);
      }),
      { numRuns: 1000 },
    );
  });

  for (const name of [
    '',
    'A',
    'a//b',
    '/a',
    'a/',
    'a..b',
    'a___b',
    '_a',
    'a_',
    '.',
    '..',
    'a\n',
    'a b',
    'ä',
    'x'.repeat(256),
  ])
    it(`of repositories are not ${JSON.stringify(name.slice(0, 10))}`, () => {
      expectRefused('NAME_INVALID', () => parseRepositoryName(name));
    });

  for (const name of ['', '.a', '-a', 'a/b', 'a:b', 'a\n', '..', 'ä', 'x'.repeat(129)])
    it(`of tags are not ${JSON.stringify(name.slice(0, 10))}`, () => {
      expectRefused('TAG_INVALID', () => parseTag(name));
    });

  it('of images are those that people write', () => {
    const at = `sha256:${'a'.repeat(64)}`;
    for (const [text, printed] of [
      ['hello', 'hello:latest'],
      ['fedora/toolbox:40', 'fedora/toolbox:40'],
      [`hello@${at}`, `hello@${at}`],
      [`hello:1@${at}`, `hello@${at}`],
    ] as const)
      expect(printImageName(parseImageName(text)), text).to.equal(printed);
    expectRefused('DIGEST_INVALID', () => parseImageName('hello@sha256:1'));
    expectRefused('TAG_INVALID', () => parseImageName('registry.example.org:5000/hello'));
    expectRefused('NAME_INVALID', () => parseImageName(':1'));
  });

  it('of images with tag and digest have to be right in both', () => {
    const at = `sha256:${'a'.repeat(64)}`;
    expectRefused('TAG_INVALID', () => parseImageName(`hello:-bad-@${at}`));
    expectRefused('TAG_INVALID', () => parseImageName(`hello:1:2@${at}`));
  });

  it('of uploads are ours, each another', () => {
    const ids = Array.from({ length: 100 }, newUploadId);
    expect(new Set(ids).size).to.equal(100);
    for (const id of ids) expect(parseUploadId(id)).to.equal(id);
    expectRefused('BLOB_UPLOAD_UNKNOWN', () => parseUploadId('../../etc/passwd'));
  });
});

describe('digests', () => {
  it('of bytes are SHA-256, as a whole and in pieces', () => {
    const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(digestOf(Buffer.alloc(0))).to.equal(empty);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), (pieces) => {
        const chunks = pieces.map((bytes) => Buffer.from(bytes));
        const whole = Buffer.concat(chunks);
        const hasher = new Hasher();
        for (const chunk of chunks) hasher.update(chunk);
        const { canonicalDigest } = hasher.digests();
        expect(canonicalDigest).to.equal(digestOf(whole));
        expect(hasher.sizeBytes).to.equal(whole.length);
        expect(isDigest(canonicalDigest)).to.equal(true);
        expect(hexOf(canonicalDigest)).to.have.length(64);
      }),
    );
  });

  for (const text of [
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha512:${'a'.repeat(127)}`,
    `sha512:${'a'.repeat(64)}`,
    `sha384:${'a'.repeat(96)}`,
    `sha256:${'a'.repeat(64)}\n`,
  ])
    it(`are not ${JSON.stringify(text.slice(0, 20))} of ${text.length} characters`, () => {
      expectRefused('DIGEST_INVALID', () => parseDigest(text));
    });
});
