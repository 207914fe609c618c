import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { freePort } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import { faster } from './time-lapse.ts';

/** What operators copy. */
export const SHIPPED = fileURLToPath(new URL('../../infra/prometheus/', import.meta.url));
export const RULE_FILES = ['recording.yml', 'alerts.yml'] as const;
/** Shortened like every other duration: to a second, so that five minutes of a rule have five samples. */
const SCRAPE_INTERVAL = '1m';

const Alerts = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
        state: z.enum(['pending', 'firing']),
      }),
    ),
  }),
});
export type Alert = z.infer<typeof Alerts>['data']['alerts'][number];

const Answer = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z.object({ result: z.array(z.unknown()) }).optional(),
});

/** Where the scraped things of a job are. */
export interface Target {
  readonly job: string;
  readonly role?: string;
  readonly address: string;
}

/** A real Prometheus with the shipped configuration and rules, whose clock runs faster. */
export interface Prometheus extends AsyncDisposable {
  /** The alerts that fire. */
  firing(): Promise<Alert[]>;
  /** All alerts, pending ones too. */
  alerts(): Promise<Alert[]>;
  /** The samples that an instant query returns; throws if Prometheus refuses it. */
  query(expression: string): Promise<unknown[]>;
  log(): string;
}

/** Starts one that scrapes `targets` as the shipped configuration says; `files` replace the files that it names. */
export async function startPrometheus(
  targets: readonly Target[],
  files: Readonly<Record<string, string>>,
): Promise<Prometheus> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('prometheus'));
  for (const name of RULE_FILES)
    await writeFile(join(home.path, name), faster(await readFile(join(SHIPPED, name), 'utf8')));
  const shipped = await readFile(join(SHIPPED, 'prometheus.yml'), 'utf8');
  await writeFile(join(home.path, 'prometheus.yml'), faster(withTargets(shipped, targets, files)));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const daemon = cleanUp.use(
    await startDaemon(
      'prometheus',
      [
        `--config.file=${join(home.path, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(home.path, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      { ready: async () => (await fetch(`${url}/-/ready`)).ok },
    ),
  );
  const alerts = async () => Alerts.parse(await (await fetch(`${url}/api/v1/alerts`)).json()).data.alerts;
  const held = cleanUp.move();
  return {
    alerts,
    firing: async () => (await alerts()).filter(({ state }) => state === 'firing'),
    async query(expression) {
      const body = new URLSearchParams({ query: expression });
      const answer = Answer.parse(
        await (await fetch(`${url}/api/v1/query`, { method: 'POST', body })).json(),
      );
      if (answer.data === undefined) throw new Error(`${expression}: ${answer.error}`);
      return answer.data.result;
    },
    log: () => daemon.output(),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const Config = z.looseObject({
  global: z.looseObject({}),
  scrape_configs: z.array(z.looseObject({ job_name: z.string(), static_configs: z.array(z.unknown()) })),
});

/** The shipped configuration with other targets, and with other names of files. */
function withTargets(
  text: string,
  targets: readonly Target[],
  files: Readonly<Record<string, string>>,
): string {
  let replaced = text;
  for (const [name, path] of Object.entries(files)) {
    if (!replaced.includes(name)) throw new Error(`prometheus.yml no longer names ${name}`);
    replaced = replaced.replaceAll(name, path);
  }
  const config = Config.parse(parse(replaced));
  config.global = {
    ...config.global,
    ...{ scrape_interval: SCRAPE_INTERVAL, evaluation_interval: SCRAPE_INTERVAL, scrape_timeout: '1s' },
  };
  for (const job of config.scrape_configs)
    job.static_configs = targets
      .filter((target) => target.job === job.job_name)
      .map(({ address, role }) => ({
        targets: [address],
        ...(role !== undefined && { labels: { role } }),
      }));
  return stringify(config);
}
