/**
 * Promise: whatever a file holds, it is used or refused with reasons; nothing else comes of it, and no secret gets out.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { CATALOGUE } from '../../services/config/catalogue.ts';
import { ConfigError } from '../../services/config/config-error.ts';
import { inspectConfig } from '../../services/config/load.ts';
import { shown } from '../../services/config/redact.ts';
import { MINIMAL, parse } from './configs.ts';
import { placeOf, SAMPLES, withKey } from './samples.ts';

const SECRET = 'hunter2';

function isUsedOrRefused(text: string, environment: Record<string, string> = {}): void {
  try {
    parse(text, environment);
  } catch (error) {
    expect(error, String(error)).to.be.instanceOf(ConfigError);
    expect((error as ConfigError).problems).to.have.length.above(0);
  }
}

const NAMES = [...new Set(CATALOGUE.flatMap(({ key }) => key.split('.')))].filter((name) => name !== '*');
const scalar = fc.oneof(
  fc.constantFrom(...Object.values(SAMPLES)),
  fc.constantFrom(null, '', 'yes', 'redis', 'unix', '5s', -1, 0, 1e300, Number.NaN, true, 'http://a:b@c/?d'),
  fc.string(),
  fc.integer(),
);
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...NAMES) },
  {
    weight: 1,
    arbitrary: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '*')),
  },
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(name, tie('tree'), { maxKeys: 5 }),
  ),
}));

/** A tree that begins as the file does: sections with their own keys, and anything below them. */
const fileLike = fc.array(fc.tuple(fc.constantFrom(...CATALOGUE), tree), { maxLength: 8 }).map((settings) => {
  const file: Record<string, unknown> = { version: 0.1, storage: { filesystem: {} }, http: { addr: ':1' } };
  for (const [{ key }, value] of settings) {
    let at = file;
    const parts = placeOf(key).split('.');
    for (const part of parts.slice(0, -1)) {
      if (typeof at[part] !== 'object' || at[part] === null) at[part] = {};
      at = at[part] as Record<string, unknown>;
    }
    at[parts.at(-1) ?? ''] = value;
  }
  return file;
});

describe('any file at all', () => {
  it('that is any text is used or refused', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => isUsedOrRefused(text)));
    const signs = fc.constantFrom(
      'a',
      ':',
      ' ',
      '-',
      '\n',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      '<<',
      '"',
      "'",
      '!',
      '#',
      '|',
      '?',
    );
    fc.assert(
      fc.property(fc.string({ unit: signs, maxLength: 40 }), (text) => isUsedOrRefused(text)),
      { numRuns: 200 },
    );
  });

  it('that has any tree of known keys is used or refused', () => {
    fc.assert(
      fc.property(fileLike, (file) => isUsedOrRefused(stringify(file))),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.dictionary(name, tree), (file) => isUsedOrRefused(stringify(file))),
      { numRuns: 150 },
    );
  });

  it('is used or refused with any variables around it', () => {
    const variable = fc
      .array(name, { minLength: 1, maxLength: 4 })
      .map((parts) => `REGISTRY_${parts.join('_').toUpperCase()}`);
    const text = stringify({ version: 0.1, storage: 'filesystem', http: { addr: '127.0.0.1:1' } });
    fc.assert(
      fc.property(fc.dictionary(variable, fc.string(), { maxKeys: 4 }), (environment) =>
        isUsedOrRefused(text, environment),
      ),
      { numRuns: 150 },
    );
  });

  for (const [what, text] of [
    ['refers to itself', 'a: &a {b: *a}'],
    ['refers to itself in a list', 'mirrors: &a [*a]'],
    [
      'multiplies',
      `a: &a [x, x]\n${'bcdefghijklmnopq'.replaceAll(/./g, (letter, i: number) => `${letter}: &${letter} [${'*abcdefghijklmnop'.slice(1)[i]?.replace(/./, '*$&, *$&')}]\n`)}`,
    ],
    ['is nested without end', '['.repeat(20_000)],
    ['has a key twice', 'version: 0.1\nversion: 0.1'],
    ['has another document', 'version: 0.1\n---\nversion: 0.1'],
  ] as const)
    it(`that ${what} is refused`, () => {
      expect(() => parse(text)).to.throw(ConfigError);
    });

  // Sections, a switch and an address that are called after tokens hold none.
  const bare = (key: string) => key.replace(/^(?:auth\.)?token\.|\.refreshtokens$|\.addrs\.token$/, '');
  const secret = CATALOGUE.map(({ key }) => key).filter((key) =>
    /password|secret|token|apikey|licensekey|accountkey|^notifications.*headers/.test(bare(key)),
  );
  for (const key of secret)
    it(`prints no secret of ${key}, whatever its type`, () => {
      for (const value of [SECRET, [SECRET], { a: SECRET }, [[SECRET]], { [key]: { password: SECRET } }]) {
        const { settings, problems, notices } = inspectConfig(`${withKey(key, value)}\nwrong: true`, {});
        expect(problems).to.have.length.above(0);
        const printed = settings.map((setting) => shown(setting.path, setting.value));
        expect([...problems, ...notices, ...printed].join('\n')).not.to.include(SECRET);
      }
    });

  for (const [key, value] of [
    ...[
      ...[`https://hooks.example.net/services/T0/${SECRET}`, `https://hooks.example.net/?token=${SECRET}`],
      ...[`https://hooks.example.net/a#${SECRET}`, `https://${SECRET}:b@hooks.example.net/`],
      ...[`htps://hooks.example.net/${SECRET}`, `hooks.example.net/services/${SECRET}`, `mailto:${SECRET}`],
      ...[[`https://hooks.example.net/${SECRET}`], { a: `https://hooks.example.net/${SECRET}` }],
    ].map((url) => ['notifications', { endpoints: [{ name: 'a', url, backoff: 'bad' }] }]),
    ['notifications', { endpoints: { a: { url: `hooks.example.net/${SECRET}` } } }],
    ['notifications', { endpoints: { a: { headers: { 'X-Key': [SECRET] } } } }],
    ['notifications', { endpoints: `https://hooks.example.net/${SECRET}` }],
    ['notifications', { endpoints: [`https://hooks.example.net/${SECRET}`] }],
    ['notifications', `https://hooks.example.net/${SECRET}`],
    ['mirrors', [{ name: 'm', url: `https://mirror.example.net/?signature=${SECRET}`, write: {} }]],
    ['auth', { token: { realm: `https://login.example.net/token?key=${SECRET}` } }],
  ] as const)
    it(`prints no secret of webhooks and URLs in ${String(key)}: ${JSON.stringify(value)}`, () => {
      const { settings, problems, notices } = inspectConfig(
        `${MINIMAL}\n${stringify(Object.fromEntries([[key, value]]))}`,
        {},
      );
      expect(problems).to.have.length.above(0);
      const printed = settings.map((setting) => shown(setting.path, setting.value));
      expect([...problems, ...notices, ...printed].join('\n')).not.to.include(SECRET);
    });

  for (const yaml of [
    ...[
      `*${SECRET}`,
      `!${SECRET} a`,
      `!${SECRET}`,
      `"\\${SECRET}"`,
      `|${SECRET}`,
      `{${SECRET}`,
      `"${SECRET}`,
    ],
    ...[`@${SECRET}`, `${SECRET}: b: c`, `%${SECRET}`, `[${SECRET}]: x`, `? {${SECRET}: 1}`],
  ])
    it(`prints no secret in bad YAML: ${yaml}`, async () => {
      const warned: string[] = [];
      const listen = (warning: Error) => warned.push(String(warning));
      process.on('warning', listen);
      const inFile = inspectConfig(`${MINIMAL}\nredis:\n  addr: a:1\n  password: ${yaml}`, {});
      const inVariable = inspectConfig(MINIMAL, { REGISTRY_REDIS_PASSWORD: yaml });
      await new Promise(setImmediate);
      process.off('warning', listen);
      expect([...inFile.problems, ...inVariable.problems, ...warned].join('\n')).not.to.include(SECRET);
      expect(inFile.problems).to.have.length.above(0);
    });
});
