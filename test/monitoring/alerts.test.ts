/**
 * Promise: each alert fires by its cause in a running cluster, and clears when the cause has gone. Prometheus, the cluster,
 * its clients and the faults are real; the rules are the shipped ones, with a clock that runs faster (time-lapse.ts).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { showTime } from '../clients/show-time.ts';
import { eventually } from '../support/eventually.ts';
import { requiresMounts } from '../support/mounts.ts';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { nightly } from '../support/requirements.ts';
import { ROUNDS } from './causes.ts';
import { queriesOf, readDashboards } from './dashboards.ts';
import { repeatedly } from './faults.ts';
import { SHIPPED } from './prometheus.ts';
import { alertsOf } from './rule-files.ts';
import { startWorld, type World } from './world.ts';

const FIRES_MS = 150_000;
const CLEARS_MS = 150_000;
/** What Grafana makes of `$__rate_interval` here: four scrapes, and room for late ones. */
const RATE_INTERVAL = '10s';
const PROGRAMS = [
  ...RADOSGW_PROGRAMS,
  'prometheus',
  'prometheus-node-exporter',
  'redis-server',
  'nginx',
  'openssl',
];

describe('the alerts', () => {
  it('have a cause each', () => {
    const shipped = alertsOf(readFileSync(join(SHIPPED, 'alerts.yml'), 'utf8')).map(({ alert }) => alert);
    expect(ROUNDS.flat().flatMap(({ alerts }) => alerts)).to.have.members(shipped);
  });
});

requiresMounts(PROGRAMS)('in a running cluster', function () {
  this.timeout(CLEARS_MS + 60_000);
  const held = new AsyncDisposableStack();
  let world: World;
  before(async () => {
    world = held.use(await startWorld());
  });
  after(() => held.disposeAsync());

  /** Other mounts of this machine may be full: that is its own business. */
  const alertsNow = async () =>
    (await world.prometheus.firing()).filter(
      ({ labels }) => labels['mountpoint'] === undefined || labels['mountpoint'] === world.disk,
    );
  const firing = async () => (await alertsNow()).map(({ labels }) => labels['alertname'] ?? '');

  it('no alert fires as long as all is well', async () => {
    const isQuiet = async () => (await firing()).length === 0;
    await eventually('no alert fires', isQuiet, CLEARS_MS, 250);
  });

  for (const dashboard of readDashboards())
    it(`each query of the dashboard "${dashboard.title}" returns data`, async () => {
      await world.everything();
      let empty: string[] = [];
      const haveData = async () => {
        const asked = queriesOf(dashboard, RATE_INTERVAL).map(async ({ panel, expression }) => {
          const isEmpty = (await world.prometheus.query(expression)).length === 0;
          return isEmpty ? [`${panel}: ${expression}`] : [];
        });
        empty = (await Promise.all(asked)).flat();
        return empty.length === 0;
      };
      await eventually(() => empty, haveData, FIRES_MS, 500);
    });

  for (const [i, causes] of ROUNDS.entries()) {
    const names = causes.flatMap(({ alerts }) => alerts);
    // By day the first one, with half of the alerts: each takes a minute or two of two cores.
    const define = i === 0 ? describe : nightly(describe);
    define(`round ${i + 1}`, () => {
      /** The words of each alert that fired in this round. */
      const seen = new Map<string, string>();
      // From the start: some alerts may fire and clear while other causes are still being made.
      let watching: (() => Promise<void>) | undefined;
      after(() => watching?.());
      let ends: (() => Promise<void> | void)[] = [];
      before(async () => {
        // Otherwise an alert of the round before would be taken for one of this.
        const areQuiet = async () => !(await firing()).some((name) => names.includes(name));
        await eventually('none of the alerts fires yet', areQuiet, CLEARS_MS, 250);
        watching = repeatedly(250, async () => {
          for (const { labels, annotations } of await alertsNow())
            seen.set(labels['alertname'] ?? '', Object.values(annotations).join('\n'));
        });
        ends = await Promise.all(
          causes.map(({ what, make }) =>
            make(world).catch((error: unknown) => {
              throw new Error(what, { cause: error });
            }),
          ),
        );
      });

      for (const { what, alerts } of causes)
        for (const name of alerts)
          it(`${name} fires: ${what}`, async function () {
            const fires = () => seen.has(name);
            showTime(this.test, await eventually(`${name} fires`, fires, FIRES_MS, 250));
            // What Prometheus writes where a template names what does not exist.
            expect(seen.get(name)).to.not.match(/<no value>|<error|\{\{/);
          });

      it('all of them clear', async function () {
        await Promise.all(ends.map((end) => end()));
        let left: string[] = [];
        const areClear = async () => {
          left = (await firing()).filter((name) => names.includes(name));
          return left.length === 0;
        };
        showTime(this.test, await eventually(() => left, areClear, CLEARS_MS, 250));
      });
    });
  }

  describe('after all that', () => {
    it('no alert fires when all is well again', async function () {
      let left: string[] = [];
      const areClear = async () => {
        left = await firing();
        return left.length === 0;
      };
      showTime(this.test, await eventually(() => left, areClear, CLEARS_MS, 250));
    });
  });
});
