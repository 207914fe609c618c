/**
 * Promise: docs/metrics.md has each metric of each process, with its type and labels, and nothing else; a process shows only
 * what it knows.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { requires } from '../support/requirements.ts';
import { SCRAPE_TOKEN, startEverything } from './everything.ts';
import { type FourProcesses, PROCESSES, type Process, type Scrapes } from './four-processes.ts';

interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly processes: readonly string[];
}

const PAGE = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
const HEADERS = { authorization: `Bearer ${SCRAPE_TOKEN}` };

/** The rows of the page's tables. */
const DOCUMENTED: readonly Documented[] = PAGE.split('\n').flatMap((line) => {
  const [, name = '', type = '', labels = '', where = ''] = line.split('|').map((cell) => cell.trim());
  const isMetric = /^`(?:roadstead|registry)_[a-z_]+`$/.test(name);
  if (!isMetric) return [];
  const ours = name.startsWith('`roadstead');
  return [
    {
      ...{
        name: name.slice(1, -1),
        type,
        labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
      },
      processes: ours ? (where === 'all' ? PROCESSES : where.split(', ')) : ['api'],
    },
  ];
});
/** Node's own, which are named in one paragraph. */
const OF_NODE = new Set(PAGE.match(/`(?:process|nodejs)_\w+`/g)?.map((name) => name.slice(1, -1)));

/** The metrics of a scrape, and the label names of their series. */
function metricsIn(scrape: string): Map<string, { type: string; labels: Set<string> }> {
  const found = new Map<string, { type: string; labels: Set<string> }>();
  for (const line of scrape.split('\n')) {
    const [, declared = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (declared !== '') found.set(declared, { type, labels: new Set() });
    const [, series = '', labels = ''] = /^([a-z_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    const metric = found.get(series) ?? found.get(series.replace(/_(?:bucket|sum|count)$/, ''));
    const names = [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, name = '']) => name);
    if (names.length > 0)
      metric?.labels.add(
        names
          .filter((name) => name !== 'le')
          .sort()
          .join(' '),
      );
  }
  return found;
}

requires(['redis-server', 'redis-cli', 'openssl'])('the page of metrics', () => {
  let four: FourProcesses;
  let scrapes: Scrapes;

  before(async function () {
    this.timeout(120_000);
    four = await startEverything();
    await four.push(Buffer.from('a blob'));
    await four.token('repository:ann/images:pull', 'a wrong password');
    await eventually(
      'the collector and the mirror are known',
      async () => {
        scrapes = await four.scrape(HEADERS);
        return (
          /^roadstead_garbage_failing 0$/m.test(scrapes.sync) &&
          /^roadstead_mirror_up\{.*\} 1$/m.test(scrapes.api)
        );
      },
      60_000,
      500,
    );
  });
  after(() => four?.[Symbol.asyncDispose]());

  for (const process of PROCESSES)
    it(`has exactly the metrics of ${process}`, () => {
      const shown = [...metricsIn(scrapes[process])].filter(([name]) => !OF_NODE.has(name));
      const documented = DOCUMENTED.filter(({ processes }) => processes.includes(process));
      expect(shown.map(([name, { type }]) => `${name} ${type}`)).to.have.members(
        documented.map(({ name, type }) => `${name} ${type}`),
      );
      for (const [name, { labels }] of shown)
        for (const names of labels) {
          const row = documented.find((each) => each.name === name);
          expect(names, `labels of ${name}`).to.equal([...(row?.labels ?? [])].sort().join(' '));
        }
    });

  it("has Node's own, which every process has", () => {
    for (const process of PROCESSES) {
      const shown = [...metricsIn(scrapes[process]).keys()].filter((name) =>
        /^(?:process|nodejs)_/.test(name),
      );
      expect(shown, process).to.have.members([...OF_NODE]);
    }
  });

  it('names each once, and at least eighty with those of Node', () => {
    const names = DOCUMENTED.map(({ name }) => name);
    expect(names).to.deep.equal([...new Set(names)]);
    expect(names.length + OF_NODE.size).to.be.at.least(80);
  });

  it('is right that a process shows no name of a repository or a user', () => {
    for (const process of PROCESSES) expect(scrapes[process]).not.to.match(/"[^"]*(?:ann|images)/);
  });

  it('is right about what the processes did', () => {
    const value = (process: Process, series: string) =>
      Number(
        scrapes[process]
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')
          .at(-1),
      );
    expect(value('token', 'roadstead_logins_total{outcome="unknown"}')).to.equal(1);
    expect(value('token', 'roadstead_tokens_total{proof="password",outcome="issued"}')).to.equal(1);
    expect(value('token', 'roadstead_tokens_total{proof="password",outcome="refused"}')).to.equal(1);
    expect(value('api', 'roadstead_uploads_total{outcome="committed"}')).to.equal(1);
    expect(value('sync', 'roadstead_sync_boards{state="owned"}')).to.equal(1);
    for (const process of PROCESSES) {
      expect(value(process, 'roadstead_ready'), process).to.equal(1);
      expect(value(process, 'roadstead_writes_ok'), process).to.equal(1);
      expect(value(process, 'roadstead_read_only'), process).to.equal(0);
      const end = value(process, 'roadstead_tls_certificate_not_after_seconds{section="http.debug.tls"}');
      expect(end - Date.now() / 1000, process).to.be.within(86_400, 2 * 86_400);
    }
  });
});
