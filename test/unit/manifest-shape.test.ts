/**
 * Promise: a manifest's members, entries of lists and objects are counted before it is parsed: there is room for as many
 * descriptors with annotations as the operator allows, and not for much more.
 */
import { expect } from 'chai';
import { LimitError } from '../../services/registry/oci/limit-error.ts';
import { checkShape } from '../../services/registry/oci/manifest-shape.ts';

const LIMITS = { children: 1000, layers: 1000 };
const MORE = { children: 1000, layers: 2000 };

const DESCRIPTOR = {
  ...{ mediaType: 'a/b', digest: 'sha256:0', size: 1, urls: ['a'], artifactType: 'a/b', data: '' },
  annotations: Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`org.example.${i}`, 'x'])),
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8', 'os.features': ['a'] },
};
const listOf = (count: number, entry: unknown) => ({ manifests: Array.from({ length: count }, () => entry) });
const objectOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`name ${i}`, 1]));

function check(json: unknown, limits = LIMITS): void {
  checkShape(Buffer.from(JSON.stringify(json)), limits);
}

describe('the shape of a manifest', () => {
  it('has room for as many descriptors as the operator allows, with annotations and a platform each', () => {
    check(listOf(LIMITS.children, DESCRIPTOR));
    check(listOf(MORE.layers, DESCRIPTOR), MORE);
  });

  for (const [name, most, make] of [
    ['members', 50_001, objectOf],
    ['numbers in a list', 50_001, (count: number) => Array(count).fill(1)],
    ['texts in a list', 50_001, (count: number) => Array(count).fill('')],
    ['objects', 19_999, (count: number) => Array(count).fill({})],
    ['lists', 19_999, (count: number) => Array(count).fill([])],
  ] as const)
    it(`is counted: ${name}`, () => {
      check(make(most));
      const tooMany = make(most + 1);
      expect(() => check(tooMany)).to.throw(LimitError, 'limits.manifests.children');
      check(tooMany, MORE);
    });
});
