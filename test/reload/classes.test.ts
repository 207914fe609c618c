/** Promise: of each key it is known, and documented, whether a reload takes it over. */
import { expect } from 'chai';
import { stringify } from 'yaml';
import { CATALOGUE } from '../../services/config/catalogue.ts';
import { inspectConfig } from '../../services/config/load.ts';
import { ADDED_AT_START, AT_START, RELOADED } from '../../services/config/reloading.ts';
import { settingsChange } from '../../services/config/settings-change.ts';
import { readReloadTable, writeReloadTable } from './reload-table.ts';

const PLACES: readonly string[] = [...RELOADED, ...AT_START];
const isBelow = (key: string, place: string) => key === place || key.startsWith(`${place}.`);
/** Keys that do something, or would. */
const KEYS = CATALOGUE.filter(({ verdict }) => verdict.kind === 'honoured' || verdict.kind === 'not yet').map(
  ({ key }) => key,
);

const BASE = {
  version: 0.1,
  storage: { filesystem: { rootdirectory: '/nowhere' } },
  http: { addr: '127.0.0.1:5000', host: 'http://localhost:5000' },
};
const treeOf = (file: object) => inspectConfig(stringify(file), {}).tree;
const change = (before: object, after: object) => settingsChange(treeOf(before), treeOf(after));

describe('what a reload takes over', () => {
  it('is known of every key, once', () => {
    expect(KEYS).to.have.length.above(150);
    const places = KEYS.map((key) => [key, PLACES.filter((place) => isBelow(key, place))] as const);
    expect(places.filter(([, found]) => found.length !== 1)).to.deep.equal([]);
  });

  it('has no place without a key, and no place below another one', () => {
    expect(PLACES.filter((place) => !KEYS.some((key) => isBelow(key, place)))).to.deep.equal([]);
    expect(ADDED_AT_START.filter((place) => !KEYS.some((key) => isBelow(key, place)))).to.deep.equal([]);
  });

  it('is what docs/configuration.md has: written by node test/reload/reload-table.ts', () => {
    expect(readReloadTable().table).to.equal(writeReloadTable());
  });
});

describe('a change of the file', () => {
  it('is nothing if the file is the same in other words', () => {
    const { reloaded, restart } = change(BASE, { ...BASE, health: { storagedriver: { enabled: true } } });
    expect([reloaded, restart]).to.deep.equal([[], []]);
  });

  it('names what is taken over and what is not, and keeps the running values of that', () => {
    const http = { ...BASE.http, addr: '127.0.0.1:6000', prefix: '/x/' };
    const found = change(BASE, { ...BASE, http, log: { level: 'debug', fields: { a: 'b' } } });
    expect(found.reloaded).to.deep.equal(['log.level', 'http.prefix']);
    expect(found.restart).to.deep.equal(['log.fields', 'http.addr']);
    expect(found.tree).to.deep.equal(
      treeOf({ ...BASE, http: { ...BASE.http, prefix: '/x/' }, log: { level: 'debug' } }),
    );
  });

  it('leaves sections whole that only a start adds or removes', () => {
    const promotion = { candidates: ['candidate/**'], http: { addr: '127.0.0.1:5002' } };
    const added = change(BASE, { ...BASE, promotion });
    expect([added.reloaded, added.restart]).to.deep.equal([[], ['promotion']]);
    expect(added.tree).to.deep.equal(treeOf(BASE));
    const removed = change({ ...BASE, promotion }, BASE);
    expect([removed.reloaded, removed.restart]).to.deep.equal([[], ['promotion']]);
    expect(removed.tree).to.deep.equal(treeOf({ ...BASE, promotion }));
  });

  it('leaves a registry closed if credentials are no longer wanted', () => {
    const closed = { ...BASE, auth: { htpasswd: { realm: 'r', path: '/p' } } };
    const { restart, tree } = change(closed, BASE);
    expect(restart).to.deep.equal(['auth.htpasswd']);
    expect(tree).to.deep.equal(treeOf(closed));
  });

  it('takes back a store of another driver', () => {
    const { restart, tree } = change(BASE, { ...BASE, storage: { s3: { bucket: 'b', region: 'r' } } });
    expect(restart).to.deep.equal(['storage.filesystem', 'storage.s3']);
    expect(tree).to.deep.equal(treeOf(BASE));
  });
});
