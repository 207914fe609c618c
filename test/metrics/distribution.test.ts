/**
 * Promise: what reads the log and the metrics of Distribution 2.8 goes on with ours: the same requests leave the same lines and
 * the same series. Compared with a real docker-registry.
 */
import { expect } from 'chai';
import { requires } from '../support/requirements.ts';
import { SENT, type Traces, tracesOf } from './side-by-side.ts';

type Line = ReadonlyMap<string, string>;

/** The lines of text about answered requests, in their order. */
function answered(log: string): Line[] {
  return log
    .split('\n')
    .filter((line) => /\bmsg="response completed(?: with error)?"/.test(line))
    .map(
      (line) =>
        new Map(
          [...line.matchAll(/([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)/g)].map(([, key = '', value = '']) => [
            key,
            value.startsWith('"') ? (JSON.parse(value) as string) : value,
          ]),
        ),
    )
    .filter((line) => line.get('http.request.useragent') === SENT['user-agent']);
}

/** What a line says of the request, without what differs in every run. */
function essence(line: Line, port: number): Record<string, string | undefined> {
  const of = (key: string) => line.get(key);
  return {
    msg: of('msg'),
    host: of('http.request.host')?.replace(String(port), 'PORT'),
    method: of('http.request.method'),
    // We log no queries, and other ids of uploads.
    uri: of('http.request.uri')
      ?.replace(/\?.*/, '')
      .replace(/uploads\/[\w-]+/, 'uploads/ID'),
    userAgent: of('http.request.useragent'),
    referer: of('http.request.referer'),
    status: of('http.response.status'),
    written: of('http.response.written'),
    contentType: of('http.response.contenttype')?.replace(/; charset=utf-8$/, ''),
    code: of('err.code'),
    // Which it logs only with errors.
    ...(of('err.code') !== undefined && { name: of('vars.name') }),
  };
}

/** Apache's combined log. */
const COMBINED =
  /^(\S+) (\S+) (\S+) \[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$/;

/** The fields of combined lines, without what differs in every run. */
function combined(log: string): (string | undefined)[][] {
  return log
    .split('\n')
    .map((line) => COMBINED.exec(line))
    .filter((match) => match?.[9]?.startsWith('docker/'))
    .map((match) => {
      const [, client, dash, user, , request, status, bytes, referer, userAgent] = match ?? [];
      const shown = request?.replace(/\?\S+/, '').replace(/uploads\/[\w-]+/, 'uploads/ID');
      return [client, dash, user, shown, status, bytes, referer, userAgent];
    });
}

/** Series by their names, label values and bounds; of the aliases only. */
function series(scrape: string): string[] {
  return scrape
    .split('\n')
    .filter((line) => /^registry_http/.test(line))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .sort();
}

const countOf = (scrape: string, name: string) =>
  Number(
    scrape
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')
      .at(-1),
  );

requires(['docker-registry'])('next to docker-registry 2.8', () => {
  let theirs: Traces;
  let ours: Traces;
  let oursCombined: Traces;
  before(async function () {
    this.timeout(120_000);
    const text = { formatter: 'text' };
    [theirs, ours, oursCombined] = await Promise.all([
      tracesOf('docker-registry', text),
      tracesOf('roadstead', text),
      tracesOf('roadstead', { accesslog: { format: 'combined' } }),
    ]);
  });

  it('lines of text have the same fields and values', () => {
    const [expected, found] = [theirs, ours].map(({ log, port }) =>
      answered(log).map((line) => essence(line, port)),
    );
    expect(found).to.have.lengthOf(9);
    const errors = ['manifests/none', 'tags/list'];
    for (const [i, line] of (expected ?? []).entries()) {
      const mine = found?.[i];
      // The bodies of errors have other words in them, and so another length.
      const isError = errors.some((end) => line['uri']?.endsWith(end));
      if (isError) expect(mine).to.include({ ...line, written: mine?.['written'] });
      else if (line['uri'] === '/v2/_catalog')
        expect({ ...mine, written: '' }).to.deep.equal({ ...line, written: '' });
      else expect(mine).to.deep.equal(line);
    }
  });

  it('lines of text have addresses, ids and durations in the same form', () => {
    for (const { log } of [theirs, ours])
      for (const line of answered(log)) {
        expect(line.get('http.request.remoteaddr')).to.match(/^127\.0\.0\.1:\d+$/);
        expect(line.get('http.request.id')).to.match(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(line.get('http.response.duration')).to.match(/^[\d.]+(?:µs|ms|s)$/);
        expect(line.get('time')).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
      }
  });

  it('combined lines are the same, except for the length of errors', () => {
    const bare = (lines: (string | undefined)[][]) =>
      lines.map((fields) => {
        const [client, dash, user, request, status, bytes, ...rest] = fields;
        const isOther = status === '404' || request?.includes('_catalog');
        return [client, dash, user, request, status, isOther ? '' : bytes, ...rest];
      });
    const expected = combined(theirs.log);
    expect(expected).to.have.lengthOf(9);
    expect(bare(combined(oursCombined.log))).to.deep.equal(bare(expected));
  });

  it('a combined line is in place of the structured one', () => {
    expect(oursCombined.log).not.to.match(/"msg":"request"/);
    expect(oursCombined.log).to.match(/"msg":"listening"/);
  });

  it('metrics of requests have the same series, with the same labels and bounds', () => {
    expect(series(ours.scrape)).to.deep.equal(series(theirs.scrape));
    // The start of the test asks for /v2/ until it is answered.
    for (const name of series(theirs.scrape).filter((each) => /_(?:total|count)\{/.test(each)))
      if (!name.includes('handler="base"'))
        expect(countOf(ours.scrape, name), name).to.equal(countOf(theirs.scrape, name));
  });

  it('metrics of the store have the same labels', () => {
    const shapes = (scrape: string) =>
      new Set(
        scrape
          .split('\n')
          .filter((line) => line.startsWith('registry_storage_action_seconds_bucket'))
          .map((line) => line.replace(/action="\w+"/, '').replace(/ \d+$/, '')),
      );
    expect(shapes(ours.scrape)).to.deep.equal(shapes(theirs.scrape));
    expect(ours.scrape).to.match(/^registry_storage_cache_total\{type="Hit"\} [1-9]/m);
    expect(countOf(ours.scrape, 'registry_storage_cache_total{type="Request"}')).to.be.at.least(2);
  });
});
