import fc from 'fast-check';
import { type Digest, parseDigest } from '../../services/registry/oci/digest.ts';
import {
  parseRepositoryName,
  parseTag,
  type RepositoryName,
  type Tag,
} from '../../services/registry/oci/names.ts';

const hexDigit = fc.constantFrom(...'0123456789abcdef');
const alphanumeric = fc.constantFrom(...'abz019');

/** Any digest. */
export const digest: fc.Arbitrary<Digest> = fc
  .string({ unit: hexDigit, minLength: 64, maxLength: 64 })
  .map((hex) => parseDigest(`sha256:${hex}`));

/** Any digest by SHA-512. */
export const sha512Digest: fc.Arbitrary<Digest> = fc
  .string({ unit: hexDigit, minLength: 128, maxLength: 128 })
  .map((hex) => parseDigest(`sha512:${hex}`));

const part = fc
  .tuple(
    fc.string({ unit: alphanumeric, minLength: 1, maxLength: 5 }),
    fc.array(
      fc.tuple(
        fc.constantFrom('.', '_', '__', '-', '---'),
        fc.string({ unit: alphanumeric, minLength: 1, maxLength: 4 }),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([first, rest]) => first + rest.map((pieces) => pieces.join('')).join(''));

/** Any repository name, made by the grammar from the inside. */
export const repositoryName: fc.Arbitrary<RepositoryName> = fc
  .array(part, { minLength: 1, maxLength: 5 })
  .map((parts) => parseRepositoryName(parts.join('/')));

/** Any tag. */
export const tag: fc.Arbitrary<Tag> = fc
  .stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/)
  .map((text) => parseTag(text));

/** Text of all sorts: any characters, those of our grammars, and what lies near valid input. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ unit: fc.constantFrom(...'aA0._-/:@%\0\n '), maxLength: 40 }),
  fc.constantFrom('', 'sha256:', '__proto__', 'constructor', 'a'.repeat(256), 'a/'.repeat(1000), '\ud800'),
);

/** Tags that differ by little, and stand in one another's way: what comes below the slash and above it. */
export const closeTag: fc.Arbitrary<Tag> = fc
  .stringMatching(/^[a1_][a1._-]{0,4}$/)
  .map((text) => parseTag(text));

/** Repository names that differ by little, some below others. */
export const closeName: fc.Arbitrary<RepositoryName> = fc
  .stringMatching(/^[a1](?:(?:\.|_|-|--|\/)[a1]){0,3}$/)
  .map((text) => parseRepositoryName(text));

/** Where a list may go on: a name that is there or not, a place between names, or anything at all. */
export const placeInList: fc.Arbitrary<string> = fc.oneof(
  fc.constant(''),
  closeTag,
  closeName,
  fc.string({ unit: fc.constantFrom(...'a1.-_/~ \0'), maxLength: 6 }),
  anyText,
);

/** Bytes that are few and told apart. */
export const someBytes: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes));
