/** Promise: large objects in Swift are whole whatever they are made of, and their segments go when nobody needs them. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { SwiftOptions } from '../../services/stores/swift/options.ts';
import type { SwiftStore } from '../../services/stores/swift/swift-store.ts';
import { rejection } from '../contract/area.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, type Swift, startSwift } from '../support/swift.ts';
import { type RawSwift, rawSwift } from './swift-raw.ts';
import { openSwiftStore, swiftOptions } from './swift-world.ts';

const MIB = 1024 * 1024;
/** Segments are copied instead of lent from half of this on, and may be leftovers from the whole on. */
const LEFTOVER_AGE_MS = 3000;
const everything = () => new Date(Date.now() + 60_000);

async function* inPieces(bytes: Buffer, pieceBytes = 300_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

nightly(requires(SWIFT_PROGRAMS))('large objects in Swift', function () {
  this.timeout(120_000);
  let swift: Swift;
  let raw: RawSwift;
  let store: SwiftStore;
  let options: SwiftOptions;
  before(async () => {
    swift = await startSwift({ maxManifestSegments: 3 });
  });
  after(() => swift[Symbol.asyncDispose]());
  beforeEach(async () => {
    options = swiftOptions(swift, { chunkSizeBytes: MIB, leftoverAgeMs: LEFTOVER_AGE_MS, prefix: 'some' });
    store = await openSwiftStore(swift, options);
    raw = await rawSwift(swift, options.container);
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const segments = async () => (await raw.names()).filter((name) => name.startsWith('some/segments/'));
  const put = (key: string, bytes: Buffer) => store.put(key, inPieces(bytes));
  const read = (key: string) => store.read(key, 100 * MIB);

  it('are under Distribution’s names, segments next to them', async () => {
    const bytes = randomBytes(2 * MIB + 5);
    await put('docker/registry/v2/blob', bytes);
    const names = await raw.names();
    expect(names).to.include('some/files/docker/registry/v2/blob');
    expect(
      names.filter((name) => /^some\/segments\/roadstead\/[0-9a-f-]{36}\/\d{8}$/.test(name)),
    ).to.have.length(3);
    expect((await store.list({ prefix: '', limit: 10 })).keys).to.deep.equal(['docker/registry/v2/blob']);
  });

  it('of more segments than a manifest may name are nested, whole, and composed of again', async () => {
    const bytes = randomBytes(11 * MIB + 1);
    await put('object', bytes);
    expect((await read('object'))?.equals(bytes)).to.equal(true);
    await store.compose(['object', 'object'], 'twice');
    expect((await read('twice'))?.equals(Buffer.concat([bytes, bytes]))).to.equal(true);
    const got = await store.get('twice', { first: bytes.length - 2, last: bytes.length + 1 });
    const range: Buffer[] = [];
    for await (const chunk of got?.body ?? []) range.push(chunk as Buffer);
    expect(Buffer.concat(range).equals(Buffer.concat([bytes.subarray(-2), bytes.subarray(0, 2)]))).to.equal(
      true,
    );
  });

  it('lend their segments to what is composed of them: nothing is copied', async () => {
    const bytes = randomBytes(4 * MIB);
    await put('source', bytes);
    const before = (await segments()).filter((name) => /\d{8}$/.test(name)).length;
    await store.compose(['source'], 'target');
    await store.delete(['source']);
    // One more manifest within the manifest for each level, and no copy of the four.
    const after = (await segments()).length;
    expect(after - before).to.be.at.most(2);
    expect((await read('target'))?.equals(bytes)).to.equal(true);
  });

  it('keep the segments that any object uses, and lose the others, when leftovers are removed', async () => {
    const kept = randomBytes(7 * MIB);
    await put('source', kept);
    await store.compose(['source'], 'target');
    await store.delete(['source']);
    await put('gone', randomBytes(3 * MIB));
    await store.delete(['gone']);
    await put('replaced', randomBytes(3 * MIB));
    await put('replaced', Buffer.from('now small'));
    const before = (await segments()).length;
    expect(await store.removeLeftovers(everything()), 'all are too young').to.equal(0);
    await sleep(LEFTOVER_AGE_MS + 1500);
    expect(await store.removeLeftovers(new Date(Date.now() - 60_000)), 'the date is earlier').to.equal(0);
    expect(await store.removeLeftovers(everything())).to.be.at.least(6);
    expect((await segments()).length).to.be.at.most(before - 6);
    expect((await read('target'))?.equals(kept)).to.equal(true);
    expect((await read('replaced'))?.toString()).to.equal('now small');
    await store.delete(['target']);
    // A round for what the manifests within manifests keep.
    for (let round = 0; round < 3; round++) await store.removeLeftovers(everything());
    expect(await segments()).to.deep.equal([]);
  });

  it('made of old ones have copies, so that removing leftovers at the same time takes nothing from them', async () => {
    const bytes = randomBytes(5 * MIB);
    await put('source', bytes);
    await sleep(LEFTOVER_AGE_MS + 1500);
    const composing = store.compose(['source'], 'target').then(() => store.delete(['source']));
    let isComposing = true;
    const removing = (async () => {
      while (isComposing) await store.removeLeftovers(everything());
    })();
    await composing;
    isComposing = false;
    await removing;
    await store.removeLeftovers(everything());
    expect((await read('target'))?.equals(bytes)).to.equal(true);
    await sleep(LEFTOVER_AGE_MS + 1500);
    await store.removeLeftovers(everything());
    expect((await read('target'))?.equals(bytes)).to.equal(true);
  });

  it('of which the writing fails leave no segment', async () => {
    async function* body(): AsyncGenerator<Buffer> {
      yield randomBytes(2.5 * MIB);
      throw new Error('the client went away');
    }
    await rejection(store.put('object', body()));
    expect(await raw.names()).to.deep.equal([]);
  });

  it('made by other programs are copied, not lent, whatever their manifests look like', async () => {
    await raw.put('elsewhere/1', randomBytes(2 * MIB));
    await raw.put('elsewhere/2', Buffer.from('two'));
    await raw.request('PUT', 'some/files/foreign', {
      query: '?multipart-manifest=put',
      body: JSON.stringify([
        { data: Buffer.from('hello ').toString('base64') },
        { path: `/${options.container}/elsewhere/1`, range: '5-1999999' },
        { path: `/${options.container}/elsewhere/2` },
      ]),
    });
    const whole = await read('foreign');
    expect(whole).to.have.length(6 + 1_999_995 + 3);
    await store.compose(['foreign', 'foreign'], 'target');
    await raw.request('DELETE', 'elsewhere/1');
    expect((await read('target'))?.equals(Buffer.concat([whole ?? [], whole ?? []] as Buffer[]))).to.equal(
      true,
    );
  });

  it('are fetched by a URL while it lives, and by no other', async () => {
    expect(await store.urlOf('object', 60), 'no key, no URL').to.equal(undefined);
    const bytes = randomBytes(2 * MIB);
    await put('a b/object', bytes);
    await using signing = await openSwiftStore(swift, { ...options, tempUrlKey: 'a secret key' });
    const url = (await signing.urlOf('a b/object', 60)) ?? '';
    const answer = await fetch(url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).to.equal(true);
    expect((await fetch(url.replace('object', 'other'))).status).to.equal(401);
    const over = (await signing.urlOf('a b/object', -60)) ?? '';
    expect((await fetch(over)).status).to.equal(401);
    // The key is the container's now, so that whoever opens it finds it.
    await using finding = await openSwiftStore(swift, {
      ...options,
      publicEndpoint: swift.url.replace('127.0.0.1', 'localhost'),
    });
    const found = (await finding.urlOf('a b/object', 60)) ?? '';
    expect(new URL(found).hostname).to.equal('localhost');
    expect((await fetch(found.replace('localhost', '127.0.0.1'))).status).to.equal(200);
    // A second key goes beside the first, and a third finds no room.
    await using second = await openSwiftStore(swift, { ...options, tempUrlKey: 'another key' });
    expect((await fetch((await second.urlOf('a b/object', 60)) ?? '')).status).to.equal(200);
    expect((await fetch(url)).status).to.equal(200);
    const third = await rejection(openSwiftStore(swift, { ...options, tempUrlKey: 'one too many' }));
    expect(String(third)).to.include('two other keys').and.not.include('one too many');
  });
});
