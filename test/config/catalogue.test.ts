/**
 * Promise: no key of Distribution's is ignored in silence. Every key stands in the catalogue, in the documents, and
 * either in the schema or among what is refused; and each does what the catalogue says of it.
 */
import { expect } from 'chai';
import { stringify } from 'yaml';
import { CATALOGUE } from '../../services/config/catalogue/catalogue.ts';
import { inspectConfig } from '../../services/config/load.ts';
import { FileSchema } from '../../services/config/schema.ts';
import { parse } from './configs.ts';
import { keysIn, readDocument, writeTables } from './docs-table.ts';
import { aroundOf, placeOf, SAMPLES, USABLE, withKey } from './samples.ts';
import { keysOf } from './schema-keys.ts';

/** A configuration without the functions of its patterns, which are never equal. */
const plain = (config: unknown): unknown =>
  JSON.parse(
    JSON.stringify(config, (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value)),
  );

const KEYS = CATALOGUE.map(({ key }) => key);

describe('the catalogue of keys', () => {
  it('has each key once', () => {
    expect(KEYS).to.have.length(new Set(KEYS).size);
    expect(KEYS).to.have.length.above(290);
  });

  it('has every key of the schema', () => {
    // A list on whose entries the catalogue alone decides has no keys in the schema.
    const missing = keysOf(FileSchema).filter((key) => !KEYS.includes(key) && !KEYS.includes(`${key}.*`));
    expect(missing).to.deep.equal([]);
  });

  it('has no key that would be taken and is in no schema', () => {
    const inSchema = keysOf(FileSchema);
    expect(USABLE.map(({ key }) => key).filter((key) => !inSchema.includes(key))).to.deep.equal([]);
  });

  it('is what the documents have: docs/configuration.md is written by node test/config/docs-table.ts', () => {
    const { tables } = readDocument();
    expect(keysIn(tables)).to.have.members(KEYS);
    expect(tables).to.equal(writeTables());
  });

  it('has a sample for each key that may be used, and for no other', () => {
    expect(Object.keys(SAMPLES)).to.have.members(USABLE.map(({ key }) => key));
  });
});

describe('a key that may be used', () => {
  for (const { key, verdict } of USABLE) {
    it(`${key} is taken, and told of: ${verdict.kind}`, () => {
      const { config, settings, problems } = inspectConfig(withKey(key, SAMPLES[key]), {});
      expect(problems).to.deep.equal([]);
      const place = placeOf(key);
      // An endpoint that is disabled is told of as a whole.
      const told = settings.find(({ path }) => path === place || place === `${path}.disabled`);
      expect(told?.verdict.kind).to.be.oneOf([verdict.kind, 'not yet']);
      const isTold = config?.notices.some((notice) => notice.startsWith(`${place}: `)) ?? false;
      expect(isTold).to.equal(told?.verdict.kind === 'not yet');
    });

    if (verdict.kind === 'honoured' && !/^(version|http\.net|http\.http2\.disabled)$/.test(key))
      it(`${key} changes the configuration`, () => {
        // "enabled" only goes before "disabled".
        const text = withKey(key, SAMPLES[key]);
        const isEnabled = key === 'validation.enabled';
        const [one, other] = isEnabled
          ? [
              text.replace('enabled: true', 'enabled: true\n  disabled: true'),
              withKey('validation.disabled', true),
            ]
          : [text, stringify(aroundOf(key))];
        expect(plain(parse(one))).not.to.deep.equal(plain(parse(other)));
      });

    if (key !== 'version')
      it(`${key} is set by a variable as by the file`, () => {
        const variable = `REGISTRY_${placeOf(key).toUpperCase().replaceAll('.', '_')}`;
        const value = stringify(SAMPLES[key]).trim();
        const byVariable = parse(stringify(aroundOf(key)), { [variable]: value });
        expect(plain(byVariable)).to.deep.equal(plain(parse(withKey(key, SAMPLES[key]))));
      });
  }

  for (const { key, standard } of CATALOGUE)
    if (standard !== undefined)
      it(`${key} has the default that is told: ${standard}`, () => {
        const set = inspectConfig(stringify(aroundOf(key)), {
          [`REGISTRY_${placeOf(key).toUpperCase().replaceAll('.', '_')}`]: standard,
        });
        expect(set.problems).to.deep.equal([]);
        const around = aroundOf(key) as { storage: { filesystem: { rootdirectory?: string } } };
        if (key === 'storage.filesystem.rootdirectory') delete around.storage.filesystem.rootdirectory;
        expect(plain(set.config)).to.deep.equal(plain(parse(stringify(around))));
      });
});

describe('a key that is refused', () => {
  for (const { key, verdict } of CATALOGUE) {
    if (verdict.kind !== 'refused') continue;
    it(`${key} is refused with its reason`, () => {
      const { config, problems } = inspectConfig(withKey(key, ['hunter2']), {});
      expect(config).to.equal(undefined);
      expect(problems).to.have.length(1);
      const [problem = ''] = problems;
      // By itself, or with the section that it is in.
      expect(placeOf(key)).to.match(new RegExp(`^${problem.split(/:| =/)[0]}(\\.|$)`));
      expect(problem).not.to.include('hunter2').and.not.to.include('knows no such key');
    });
  }
});
