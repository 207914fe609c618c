/**
 * Promise: patterns of URLs mean what they mean in Go, or are refused; and no URL that a client sends keeps the
 * registry busy.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { UrlPatternValue } from '../../services/config/url-pattern.ts';
import { MINIMAL, parse } from './configs.ts';

const urlsOf = (yaml: string) => parse(`${MINIMAL}\nvalidation: ${yaml}`).validation.manifests.urls;
const isAllowed = (yaml: string, url: string) => {
  const { allow, deny } = urlsOf(yaml);
  return (
    (allow.length === 0 || allow.some((pattern) => pattern.test(url))) &&
    !deny.some((pattern) => pattern.test(url))
  );
};

describe('patterns of URLs', () => {
  it('decide by whichever of the lists are set', () => {
    const [good, bad, other] = ['https://a.example.com/x', 'https://www.example.com/x', 'https://b.net/'];
    const allow = "allow: ['^https?://([^/]+\\.)*example\\.com/']";
    const deny = "deny: ['^https?://www\\.example\\.com/']";
    const decide = (yaml: string) => [good, bad, other].map((url) => isAllowed(yaml, url));
    expect(decide(`{manifests: {urls: {${allow}}}}`)).to.deep.equal([true, true, false]);
    expect(decide(`{manifests: {urls: {${deny}}}}`)).to.deep.equal([true, false, true]);
    expect(decide(`{manifests: {urls: {${allow}, ${deny}}}}`)).to.deep.equal([true, false, false]);
    expect(decide('{disabled: false}')).to.deep.equal([true, true, true]);
    expect(decide('{manifests: {urls: {allow: [], deny: []}}}')).to.deep.equal([true, true, true]);
    expect(decide(`{disabled: true, manifests: {urls: {${deny}}}}`)).to.deep.equal([true, true, true]);
    expect(decide(`{enabled: true, disabled: true, manifests: {urls: {${deny}}}}`)).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  it('take no more than a moment for any URL', () => {
    const { allow } = urlsOf(
      "{manifests: {urls: {allow: ['^https?://([^/]+\\.)*example\\.com/', '^(a+)+$']}}}",
    );
    const startedAt = performance.now();
    for (const pattern of allow) {
      expect(pattern.test(`http://${'a.'.repeat(50_000)}`)).to.equal(false);
      expect(pattern.test(`${'a'.repeat(50_000)}!`)).to.equal(false);
    }
    expect(performance.now() - startedAt).to.be.below(2000);
  });

  for (const [source, url] of [
    ['(?i)^HTTPS:', 'https://a/'],
    ['(?P<host>example)', 'https://example.com/'],
    ['\\Aa\\z', 'a'],
    ['[[:alpha:]]', 'a'],
    ['\\p{Greek}', 'λ'],
    ['\\Qa.b\\E', 'a.b'],
  ] as const)
    it(`have Go's syntax: ${source}`, () => {
      expect(UrlPatternValue.parse(source).test(url)).to.equal(true);
      expect(UrlPatternValue.parse(source).test('1')).to.equal(false);
    });

  for (const source of ['a(?=b)', '(?<!a)b', '(a)\\1', 'a**', '(', 'a)', '[', 'a{1001}', '\\'])
    it(`are refused as Go refuses them: ${source}`, () => {
      const { error } = UrlPatternValue.safeParse(source);
      expect(error?.issues[0]?.message).to.match(/expected a regular expression of Go \(RE2\)$/);
    });

  it('match what the usual engine matches', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '\\.',
      '[ab]',
      '[^a]',
      '\\d',
      '\\w',
      '(?:ab|b)',
      '(a|)',
      '\\\\',
      '^',
      '$',
    );
    const piece = fc.tuple(atom, fc.constantFrom('', '?', '*', '+', '{1,2}', '+?'));
    const source = fc
      .array(piece, { maxLength: 5 })
      .map((pieces) => pieces.map(([one, times]) => (/[\^$]$/.test(one) ? one : one + times)).join(''));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '1', '\\', '/'), maxLength: 8 });
    fc.assert(
      fc.property(source, text, (pattern, url) => {
        expect(UrlPatternValue.parse(pattern).test(url)).to.equal(new RegExp(pattern).test(url));
      }),
    );
  });
});
