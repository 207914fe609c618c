/**
 * Promise: no answer of an S3 server is taken for the end of a listing that does not say that it is the end. The server
 * is a fake: no real one can be made to answer so.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { Bucket } from '../../services/stores/s3/bucket.ts';
import { listObjects } from '../../services/stores/s3/list.ts';
import { rejection } from '../contract/area.ts';

const page = (keys: readonly string[], more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>b</Name>${keys
    .map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`)
    .join('')}${more}</ListBucketResult>`;
const END = '<IsTruncated>false</IsTruncated>';
const onTo = (token: string) =>
  `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;

describe('a listing that an S3 server answers short', () => {
  let server: Server;
  let bucket: Bucket;
  let answers: string[];
  let asked: URLSearchParams[];
  before(async () => {
    server = createServer((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://s3').searchParams);
      response.writeHead(200, { 'content-type': 'application/xml' }).end(answers.shift());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    bucket = new Bucket({
      ...{ bucket: 'b', region: 'us-east-1', endpoint: `http://127.0.0.1:${port}` },
      credentials: { accessKey: 'a', secretKey: 'b' },
    });
  });
  after(() => {
    bucket.close();
    server.closeAllConnections();
    server.close();
  });
  const list = (...pages: string[]) => {
    [answers, asked] = [pages, []];
    return listObjects(bucket, { prefix: '', limit: 10 });
  };

  it('continues behind a page without a key', async () => {
    const found = await list(
      page(['a'], onTo('1')),
      page([], onTo('2')),
      page([], onTo('3')),
      page(['z'], END),
    );
    expect(found).to.deep.equal({ keys: ['a', 'z'], prefixes: [], next: undefined });
    expect(asked.map((query) => [query.get('start-after'), query.get('continuation-token')])).to.deep.equal([
      [null, null],
      ['a', null],
      [null, '2'],
      [null, '3'],
    ]);
  });

  it('continues behind a page that has fewer keys than it was asked for', async () => {
    const found = await list(page(['a', 'b'], onTo('1')), page(['c'], END));
    expect(found).to.deep.equal({ keys: ['a', 'b', 'c'], prefixes: [], next: undefined });
  });

  for (const [what, pages] of [
    [
      'does not say where it continues',
      [page(['a'], onTo('1')), page([], '<IsTruncated>true</IsTruncated>')],
    ],
    ['does not come on', [page([], onTo('1')), page([], onTo('1'))]],
    ['says nothing of an end', [page(['a'])]],
    ['is a page of somebody else', ['<html><body>We are back soon</body></html>']],
    ['is empty', ['']],
    ['breaks off', [page(['a'], END).slice(0, -30)]],
  ] as const)
    it(`fails when it ${what}`, async () => {
      expect(await rejection(list(...pages))).to.be.instanceOf(StoreUnavailableError);
    });

  it('fails when it is out of order: keys would be passed over', async () => {
    const error = await rejection(list(page(['b', 'a'], onTo('1'))));
    expect(String(error)).to.include('does not list keys in order');
  });
});
