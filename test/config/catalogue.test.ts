/**
 * Promise: no key of Distribution is ignored in silence. Every key is in the catalogue and in the documents, and does
 * what the catalogue says; a new key needs one entry.
 */
import { expect } from 'chai';
import { stringify } from 'yaml';
import { z } from 'zod';
import { CATALOGUE, entriesOf } from '../../services/config/catalogue.ts';
import { Duration } from '../../services/config/duration.ts';
import { examine } from '../../services/config/examine.ts';
import { honoured } from '../../services/config/key.ts';
import { treeOf } from '../../services/config/key-tree.ts';
import { inspectConfig } from '../../services/config/load.ts';
import { FileSchema } from '../../services/config/schema.ts';
import { parse } from './configs.ts';
import { keysIn, readDocument, writeTables, yamlOf } from './docs-table.ts';
import { aroundOf, placeOf, SAMPLES, sampleOf, USABLE, withKey } from './samples.ts';
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
    // A list with a verdict on its entries has no keys of its own.
    const missing = keysOf(FileSchema).filter((key) => !KEYS.includes(key) && !KEYS.includes(`${key}.*`));
    expect(missing).to.deep.equal([]);
  });

  it('is what the documents have: docs/configuration.md is written by node test/config/docs-table.ts', () => {
    const { tables } = readDocument();
    expect(keysIn(tables)).to.have.members(KEYS);
    expect(tables).to.equal(writeTables());
  });
});

describe('a new key', () => {
  const FUTURE = z.strictObject({
    ...FileSchema.shape,
    proofs: z
      .strictObject({ maxage: honoured(Duration.prefault('5m'), 'lifetime of a proof', { from: 'ours' }) })
      .prefault({}),
  });
  const entries = entriesOf(FUTURE);
  const entry = entries.find(({ key }) => key === 'proofs.maxage');

  it('needs one entry: the schema, the check, the table, the default and the sample follow', () => {
    expect(entries).to.have.length(CATALOGUE.length + 1);
    const tree = { version: 0.1, storage: { filesystem: {} }, http: { addr: ':1' } };
    expect(FUTURE.parse(tree).proofs.maxage).to.equal(300_000);
    expect(FUTURE.parse({ ...tree, proofs: { maxage: '1s' } }).proofs.maxage).to.equal(1000);
    expect(writeTables(entries)).to.include(
      '### proofs\n\n| key | of | default | here |\n|---|---|---|---|\n| `proofs.maxage` | ours | `5m` | lifetime of a proof |',
    );
    expect(entry && sampleOf(entry)).to.equal('1m30s');
  });

  it('is known to config check, with its hints and warnings', () => {
    const check = (proofs: object) => examine({ proofs }, treeOf(entries));
    expect(check({ maxage: '1s' }).settings.map(({ path, verdict }) => [path, verdict])).to.deep.equal([
      ['proofs.maxage', { kind: 'honoured', text: 'lifetime of a proof' }],
    ]);
    expect(check({ maxage: 5e9 }).settings[0]?.verdict.warning).to.match(/has no unit/);
    expect(check({ maxages: '1s' }).problems.map(({ message }) => message)).to.deep.equal([
      'proofs.maxages: roadstead knows no such key; did you mean proofs.maxage?',
    ]);
  });
});

describe('a key that may be used', () => {
  for (const { key, verdict } of USABLE) {
    it(`${key} is accepted, and reported as ${verdict.kind}`, () => {
      const { config, settings, problems } = inspectConfig(withKey(key, SAMPLES[key]), {});
      expect(problems).to.deep.equal([]);
      const place = placeOf(key);
      // A disabled endpoint is reported as a whole.
      const found = settings.find(({ path }) => path === place || place === `${path}.disabled`);
      expect(found?.verdict.kind).to.be.oneOf([verdict.kind, 'not yet']);
      const isWarned = config?.notices.some((notice) => notice.startsWith(`${place}: `)) ?? false;
      expect(isWarned).to.equal(found?.verdict.kind === 'not yet');
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

  for (const { key, default: standard } of CATALOGUE)
    if (standard !== undefined)
      it(`${key} has the documented default: ${yamlOf(standard)}`, () => {
        const set = inspectConfig(stringify(aroundOf(key)), {
          [`REGISTRY_${placeOf(key).toUpperCase().replaceAll('.', '_')}`]: yamlOf(standard),
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
