/** Promise: what the registry writes it reads again as the same, for all that it writes in a form of its own. */
import { expect } from 'chai';
import fc from 'fast-check';
import { millisecondsOf } from '../../services/config/duration.ts';
import { isNotModified, parseEntityTags } from '../../services/http/conditional.ts';
import { parseRanges } from '../../services/http/range.ts';
import { linkTo, readLink } from '../../services/registry/content/link.ts';
import {
  algorithmOf,
  digestBy,
  hexOf,
  parseDigest,
  parseSha256,
} from '../../services/registry/oci/digest.ts';
import {
  parseImageName,
  parseReference,
  printImageName,
  printReference,
} from '../../services/registry/oci/names.ts';
import { type Publication, PublicationSchema } from '../../services/registry/publishing/publication/entry.ts';
import {
  blobDataKey,
  layerLinkKey,
  referrerKey,
  referrersPrefix,
  revisionLinkKey,
  tagIndexKey,
} from '../../services/registry/storage/layout.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { digest, repositoryName, sha512Digest, someBytes, tag } from './arbitraries.ts';

const anyDigest = fc.oneof(digest, sha512Digest);

describe('what is printed is read again', () => {
  it('of digests by either algorithm', () => {
    fc.assert(
      fc.property(anyDigest, (each) => {
        expect(parseDigest(`${algorithmOf(each)}:${hexOf(each)}`)).to.equal(each);
        expect(hexOf(each)).to.have.length(algorithmOf(each) === 'sha256' ? 64 : 128);
      }),
    );
    fc.assert(
      fc.property(someBytes, fc.constantFrom('sha256' as const, 'sha512' as const), (bytes, algorithm) => {
        expect(algorithmOf(parseDigest(digestBy(algorithm, bytes)))).to.equal(algorithm);
      }),
    );
  });

  it('of references and images, with digests by either algorithm', () => {
    fc.assert(
      fc.property(repositoryName, fc.oneof(tag, anyDigest), (repository, text) => {
        const reference = parseReference(text);
        expect(printReference(reference)).to.equal(text);
        expect(parseImageName(printImageName({ repository, reference }))).to.deep.equal({
          repository,
          reference,
        });
      }),
    );
  });

  it('of keys: no two things of a repository share one', () => {
    const key = fc.oneof(
      fc
        .tuple(repositoryName, anyDigest)
        .map(([name, of]) => [layerLinkKey(name, of), `layer ${name} ${of}`]),
      fc
        .tuple(repositoryName, anyDigest)
        .map(([name, of]) => [revisionLinkKey(name, of), `revision ${name} ${of}`]),
      fc
        .tuple(repositoryName, tag, anyDigest)
        .map(([name, of, to]) => [tagIndexKey(name, of, to), `tag ${name} ${of} ${to}`]),
      fc
        .tuple(repositoryName, anyDigest, anyDigest)
        .map(([name, of, to]) => [referrerKey(name, of, to), `referrer ${name} ${of} ${to}`]),
    );
    fc.assert(
      fc.property(key, key, ([a, whatA], [b, whatB]) => {
        expect(a === b).to.equal(whatA === whatB);
      }),
    );
  });

  it('of referrers: the digest is what follows the prefix', () => {
    fc.assert(
      fc.property(repositoryName, anyDigest, anyDigest, (name, subject, of) => {
        const rest = referrerKey(name, subject, of).slice(referrersPrefix(name, subject).length);
        expect(rest.replace('/', ':')).to.equal(of);
      }),
    );
  });

  it('of links, whatever white space a hand left behind them', async () => {
    await fc.assert(
      fc.asyncProperty(digest.map(parseSha256), fc.constantFrom('', '\n', ' \r\n'), async (of, end) => {
        const objects = new MemoryStore();
        await objects.put('link', Buffer.concat([linkTo(of), Buffer.from(end)]));
        expect(await readLink(objects, 'link')).to.equal(of);
      }),
    );
  });

  it('of ranges, as a client asks and as the answer says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.nat(), fc.nat(), (sizeBytes, a, b) => {
        const [first = 0, last = 0] = [a % sizeBytes, b % sizeBytes].sort((x, y) => x - y);
        const toTheEnd = [{ first, last: sizeBytes - 1 }];
        expect(parseRanges(`bytes=${first}-${last}`, sizeBytes)).to.deep.equal([{ first, last }]);
        expect(parseRanges(`bytes=${first}-`, sizeBytes)).to.deep.equal(toTheEnd);
        expect(parseRanges(`bytes=-${sizeBytes - first}`, sizeBytes)).to.deep.equal(toTheEnd);
      }),
    );
  });

  it('of entity tags, in lists with any blanks, weak or not', () => {
    const opaque = fc.stringMatching(/^[\x21\x23-\x2b\x2d-\x7e\x80-\xff]{0,20}$/);
    const list = fc.array(fc.tuple(opaque, fc.boolean()), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(list, fc.constantFrom(',', ', ', ' ,\t '), fc.string(), (tags, comma, other) => {
        const header = tags.map(([text, weak]) => `${weak ? 'W/' : ''}"${text}"`).join(comma);
        const texts = tags.map(([text]) => text);
        expect(parseEntityTags(header)).to.deep.equal(tags.map(([text, isWeak]) => ({ text, isWeak })));
        for (const text of texts) expect(isNotModified(header, text)).to.equal(true);
        expect(isNotModified(header, other)).to.equal(texts.includes(other));
      }),
    );
    expect(parseEntityTags('')).to.equal(undefined);
    expect(parseEntityTags(' * ')).to.equal('*');
    expect(isNotModified('*', 'anything')).to.equal(true);
  });

  it('of entries of the publication log', () => {
    const entry: fc.Arbitrary<Publication> = fc.record(
      {
        version: fc.constant(1 as const),
        seq: fc.integer({ min: 1 }),
        time: fc
          .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
          .map((at) => at.toISOString()),
        actor: fc.string(),
        kind: fc.constant('promotion' as const),
        source: fc.record({ repository: repositoryName, reference: fc.oneof(tag, anyDigest) }),
        target: fc.record({ repository: repositoryName, tag }),
        manifestDigest: anyDigest,
        previousDigest: anyDigest,
        collections: fc.dictionary(
          fc.stringMatching(/^[a-z]{1,8}$/),
          fc.array(fc.record({ digest, sizeBytes: fc.nat() }), { maxLength: 5 }),
          { noNullPrototype: true },
        ) as fc.Arbitrary<Publication['collections']>,
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(entry, (each) => {
        expect(PublicationSchema.parse(JSON.parse(JSON.stringify(each)))).to.deep.equal(each);
      }),
    );
  });

  it('of durations in the notation of Go', () => {
    const parts = fc.tuple(fc.nat(500), fc.nat(59), fc.nat(59), fc.nat(999));
    fc.assert(
      fc.property(parts, ([h, m, s, ms]) => {
        const total = ((h * 60 + m) * 60 + s) * 1000 + ms;
        expect(millisecondsOf(`${h}h${m}m${s}s${ms}ms`)).to.equal(total);
        expect(millisecondsOf(`${h}h${m}m${s}.${String(ms).padStart(3, '0')}s`)).to.be.closeTo(total, 1e-3);
        expect(millisecondsOf(`${total}ms`)).to.equal(total);
      }),
    );
  });

  it('of a blob: its path names it', () => {
    fc.assert(
      fc.property(digest.map(parseSha256), (of) => {
        const [, directory, hex] = /\/([0-9a-f]{2})\/([0-9a-f]{64})\/data$/.exec(blobDataKey(of)) ?? [];
        expect(`sha256:${hex}`).to.equal(of);
        expect(hex?.startsWith(directory ?? '?')).to.equal(true);
      }),
    );
  });
});
