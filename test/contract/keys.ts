/** Promise: any legal key names its own object and no other; an illegal one is refused before anything is touched. */
import { expect } from 'chai';
import { type Area, rejection } from './area.ts';

const ODD = [
  ...[
    'a b',
    'a ',
    'a.',
    'a..b',
    'a..',
    '-rf',
    '~',
    '%2e%2e',
    '%2F',
    '%',
    'a%00b',
    '+',
    '&?#=',
    'a:b',
    'c\\d',
    '*',
    '?',
  ],
  ...['"\'`$(x)', '{}[]', 'con', 'NUL', 'data', 'link', 'A', 'a'],
  ...[
    'x'.repeat(200),
    'very/deep/'.repeat(20).slice(0, -1),
    'docker/registry/v2/x',
    '__proto__',
    'constructor',
  ],
];

const ILLEGAL = [
  ...[
    '',
    '/',
    '.',
    '..',
    '.x',
    '/a',
    'a/',
    'a//b',
    'a/./b',
    'a/../b',
    'a/..',
    '../a',
    '../../etc/passwd',
    'a/.b',
    './a',
  ],
  ...['\0', 'a\0b', 'a/\0'],
  // Backends spell and order these in ways of their own.
  ...[' a', 'new\nline', 'tab\t', 'é', '日本語', '\u{1f6a2}'],
];

export function describeKeys(area: () => Area): void {
  describe('keys', () => {
    it('may have any printable character of ASCII in them, and name one object each', async () => {
      for (const name of ODD) await area().put(`odd/${name}`, name);
      for (const name of ODD) await area().expect(`odd/${name}`, name);
      expect(await area().names()).to.have.members(ODD.map((name) => `odd/${name}`));
      await area().store.delete(ODD.map((name) => area().key(`odd/${name}`)));
      expect(await area().names()).to.deep.equal([]);
    });

    for (const illegal of ILLEGAL)
      it(`are refused when illegal, with nothing touched: ${JSON.stringify(illegal)}`, async () => {
        await area().put('object', 'content');
        const { store } = area();
        // By itself, and where it would come out in the end.
        for (const key of [illegal, `${area().prefix}b/${illegal}`]) {
          const body = Buffer.from('never written');
          // In async functions, because whether it throws or rejects is all one.
          await rejection((async () => store.stat(key))());
          await rejection((async () => store.get(key))());
          await rejection((async () => store.read(key, 100))());
          await rejection((async () => store.put(key, body))());
          await rejection((async () => store.putIfAbsent(key, body))());
          await rejection((async () => store.compose([area().key('object')], key))());
          await rejection((async () => store.compose([key], area().key('target')))());
          await rejection((async () => store.delete([key]))());
        }
        expect(await area().names()).to.deep.equal(['object']);
        await area().expect('object', 'content');
      });

    it('are not found outside the store by any prefix', async () => {
      for (const prefix of ['../', '..', '/', '/etc/', './', 'contract/../', `${area().prefix}../`, '\0'])
        for (const delimiter of [undefined, '/' as const]) {
          const request = { prefix, limit: 5, ...(delimiter && { delimiter }) };
          const page = await (async () => area().store.list(request))().catch(() => undefined);
          expect([...(page?.keys ?? []), ...(page?.prefixes ?? [])], prefix).to.deep.equal([]);
        }
    });
  });
}
