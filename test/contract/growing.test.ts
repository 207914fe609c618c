/** Promise: a file grows behind what is known of it, keeps that whatever happens, and never grows under a second name. */
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { tempDir } from '../support/temp.ts';
import { Area, bytesOf, inChunks, rejection } from './area.ts';

describe('an object that grows, on a file system', () => {
  const held = new AsyncDisposableStack();
  let store: FilesystemStore;
  let area: Area;
  before(async () => {
    const home = held.use(await tempDir('growing'));
    store = held.use(await FilesystemStore.open({ rootDirectory: join(home.path, 'root'), sync: true }));
  });
  beforeEach(() => {
    area = new Area(store);
  });
  after(() => held.disposeAsync());

  const grow = (fromBytes: number, body: AsyncIterable<Buffer>) =>
    store.grow(area.key('object'), fromBytes, body);

  it('has its first bytes and the body behind them, large or empty', async () => {
    const [first, large] = [bytesOf(1000), bytesOf(3_000_000)];
    await area.put('object', first);
    expect(await grow(1000, inChunks([large, Buffer.from('end')]))).to.equal(true);
    await area.expect('object', Buffer.concat([first, large, Buffer.from('end')]));
    expect(await grow(1000, inChunks([]))).to.equal(true);
    await area.expect('object', first);
  });

  it('loses what lay behind them', async () => {
    await area.put('object', 'known, and what nobody knows');
    expect(await grow(6, inChunks([Buffer.from('more')]))).to.equal(true);
    await area.expect('object', 'known,more');
  });

  it('keeps its first bytes when the body fails', async () => {
    await area.put('object', 'known');
    async function* failing(): AsyncGenerator<Buffer> {
      yield bytesOf(2_000_000);
      throw new Error('broken');
    }
    expect(String(await rejection(grow(5, failing())))).to.include('broken');
    await area.expect('object', 'known');
  });

  it('does not grow when it is absent, too short, or another object as well, and then reads no body', async () => {
    let isRead = false;
    async function* untouched(): AsyncGenerator<Buffer> {
      isRead = true;
      yield bytesOf(1);
    }
    expect(await grow(0, untouched())).to.equal(false);
    await area.put('object', 'short');
    expect(await grow(6, untouched())).to.equal(false);
    await store.compose([area.key('object')], area.key('other'));
    expect(await grow(5, untouched())).to.equal(false);
    expect(isRead).to.equal(false);
    await area.expect('other', 'short');
    await store.delete([area.key('other')]);
    expect(await grow(5, inChunks([Buffer.from('er')]))).to.equal(true);
    await area.expect('object', 'shorter');
  });
});
