/**
 * Promise: a manifest of four megabytes that is made to take a hundred times as much memory, or to be read by one in
 * another way than by the other, is refused with its reason, at once and in bounded memory, however many come together.
 */
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { MIB, residenceDuring } from '../faults/resident.ts';
import { pushBlob } from '../protocol/pushing.ts';
import { expectError, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { type Descriptor, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const MAX_BYTES = 4 * MIB;
/** What sixteen of them together may add to a node's memory. */
const GROWTH_MAX_BYTES = 250 * MIB;

describe('bombs in manifests', function () {
  this.timeout(60_000);
  let registry: TestRegistry;
  let config: Descriptor;
  let layer: Descriptor;
  before(async () => {
    registry = await startRegistry({ promotion: false });
    config = await pushBlob(registry.url, 'hello', newBytes(), MEDIA_TYPES.config);
    layer = await pushBlob(registry.url, 'hello', newBytes());
  });
  after(() => registry[Symbol.asyncDispose]());
  const put = (body: Buffer | string, headers: Record<string, string> = {}, tag = 'bomb') =>
    send(registry.url, `/v2/hello/manifests/${tag}`, {
      ...{ method: 'PUT', headers: { 'content-type': MEDIA_TYPES.image, ...headers } },
      body: Buffer.from(body),
    });
  /** A good image's JSON with text inserted behind its first brace. */
  const image = (insert = '') =>
    `{${insert}${JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.image, config, layers: [layer] }).slice(1)}`;
  /** One of as many bytes as are taken, of a text repeated inside of an unknown member. */
  const filled = (text: string, separator: string) => {
    const times = Math.floor((MAX_BYTES - image('"x":[],').length) / (text.length + separator.length));
    return image(`"x":[${Array.from({ length: times }, () => text).join(separator)}],`);
  };
  const nested = (open: string, close: string, bytes = MAX_BYTES) => {
    const times = Math.floor((bytes - image('"x":1,').length) / (open.length + close.length));
    return image(`"x":${open.repeat(times)}1${close.repeat(times)},`);
  };
  const manyNames = () => {
    let text = '';
    for (let i = 0; text.length < MAX_BYTES - 2000; i++) text += `"${i.toString(36)}":1,`;
    return image(text);
  };

  const BOMBS: Readonly<Record<string, () => string>> = {
    'four megabytes of opening brackets': () => '['.repeat(MAX_BYTES),
    'four megabytes of opening braces': () => '{"a":'.repeat(MAX_BYTES / 5),
    'lists a million deep, closed': () => nested('[', ']'),
    'objects half a million deep, closed': () => nested('{"a":', '}'),
    'a million empty lists': () => filled('[]', ','),
    'a million empty objects': () => filled('{}', ','),
    'half a million members': manyNames,
    'four megabytes of quotes': () => '"'.repeat(MAX_BYTES),
    'four megabytes of backslashes': () => `{"${'\\'.repeat(MAX_BYTES - 2)}`,
    'four megabytes of commas': () => `{${','.repeat(MAX_BYTES - 1)}`,
  };
  for (const [name, make] of Object.entries(BOMBS))
    it(`are refused at once: ${name}`, async () => {
      const body = make();
      expect(body.length).to.be.at.most(MAX_BYTES);
      const startedAt = performance.now();
      expectError(await put(body), 400, 'MANIFEST_INVALID');
      expect(performance.now() - startedAt).to.be.below(5000);
    });

  it('take a bounded amount of memory, sixteen of each at once, while pulls are served', async () => {
    const bodies = Object.values(BOMBS).map((make) => Buffer.from(make()));
    const { lowestBytes, highestBytes } = await residenceDuring(registry.daemon.pid, async () => {
      for (const body of bodies) {
        const answers = Array.from({ length: 16 }, () => put(body));
        expect((await send(registry.url, '/v2/')).status).to.equal(200);
        for (const { status } of await Promise.all(answers)) expect(status).to.equal(400);
      }
    });
    expect(highestBytes - lowestBytes).to.be.below(GROWTH_MAX_BYTES);
  });

  for (const [name, insert, reason] of [
    ['config', '"config":{},', /\\?"config\\?" occurs twice in one object/],
    ['layers', '"layers":[],', /twice/],
    ['a name by an escape', '"\\u006cayers":[],', /twice/],
    ['an unknown one', '"a":1,"a":2,', /twice/],
    ['a name deep inside', '"x":[[{"y":{"z":1,"z":2}}]],', /twice/],
    ['annotations', '"annotations":{"a":"1","a":"2"},', /twice/],
    ['__proto__', '"__proto__":{"a":1},"__proto__":{"b":1},', /twice/],
    ['another case', '"Layers":[],', /would read .* as layers/],
    ['another case of what need not be there', '"SUBJECT":{},', /would read .* as subject/],
    ['a letter that only looks like one', '"\u017fubject":{},', /would read .* as subject/],
  ] as const)
    it(`of two readings are refused: ${name}`, async () => {
      const answer = await put(image(insert));
      expectError(answer, 400, 'MANIFEST_INVALID');
      expect(answer.body.toString()).to.match(reason);
    });

  for (const [name, insert] of [
    ['nothing', ''],
    ['unknown members', '"x":{"a":[1,{"b":null}]},"y":"{\\"a\\":1,\\"a\\":2}",'],
    ['annotations that differ by case', '"annotations":{"Digest":"1","digest":"2"},'],
    ['braces, colons and commas in texts', '"x":"}{][,:\\\\\\"",'],
    ['a prototype', '"__proto__":{"toString":1},"constructor":{},'],
  ] as const)
    it(`are not what is odd but clear: ${name}`, async () => {
      expect((await put(image(insert), {}, `odd-${crypto.randomUUID()}`)).status).to.equal(201);
    });

  for (const size of ['1e400', '-1', '1.5', '9007199254740993', `${'9'.repeat(400)}`, '1e1000000'])
    it(`are not sizes of no number of bytes: ${size.slice(0, 20)}`, async () => {
      const body = image().replace(`"size":${layer.size}`, `"size":${size}`);
      expect(body).to.include(size);
      expectError(await put(body), 400, 'MANIFEST_INVALID');
    });

  it('are not unpacked: a body that says it is packed is refused, or taken as it is', async () => {
    const packed = gzipSync(Buffer.alloc(64 * MIB, '['));
    expect(packed.length).to.be.below(MIB);
    const answer = await put(packed, { 'content-encoding': 'gzip' });
    expect(answer.status).to.be.within(400, 415);
  });

  it('have moved no tag', async () => {
    expectError(await send(registry.url, '/v2/hello/manifests/bomb'), 404, 'MANIFEST_UNKNOWN');
  });
});
