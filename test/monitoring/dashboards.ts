import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const DIRECTORY = fileURLToPath(new URL('../../infra/grafana/dashboards/', import.meta.url));

const DataSource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const Panel = z.looseObject({
  id: z.int().positive(),
  type: z.enum(['timeseries', 'stat']),
  title: z.string().min(3),
  description: z.string().endsWith('.'),
  datasource: DataSource,
  gridPos: z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  fieldConfig: z.looseObject({ defaults: z.looseObject({ unit: z.string() }) }),
  targets: z
    .array(
      z.looseObject({
        refId: z.string().regex(/^[A-Z]$/),
        datasource: DataSource,
        expr: z.string().min(1),
        legendFormat: z.string().min(1),
      }),
    )
    .min(1),
});
const DashboardFile = z.looseObject({
  uid: z.string().regex(/^roadstead-[a-z]+$/),
  title: z.string().startsWith('Roadstead: '),
  description: z.string().min(10),
  schemaVersion: z.int().min(36),
  tags: z.array(z.string()),
  templating: z.strictObject({
    list: z.array(z.looseObject({ name: z.string(), type: z.enum(['datasource', 'query']) })),
  }),
  annotations: z.strictObject({ list: z.array(z.looseObject({ expr: z.string() })) }),
  panels: z.array(Panel).min(1),
});
export type Dashboard = z.infer<typeof DashboardFile> & { readonly file: string };

/** The shipped dashboards; throws if one is not in Grafana's form. */
export function readDashboards(): Dashboard[] {
  return readdirSync(DIRECTORY).map((file) => ({
    file,
    ...DashboardFile.parse(JSON.parse(readFileSync(join(DIRECTORY, file), 'utf8'))),
  }));
}

/** Each query of a dashboard, as Grafana sends it with its variables at their defaults. */
export function queriesOf(
  dashboard: Dashboard,
  rateInterval: string,
): { panel: string; expression: string }[] {
  return dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({
      panel: `${dashboard.title}, ${title}`,
      expression: expr.replaceAll('$__rate_interval', rateInterval).replaceAll('$instance', '.*'),
    })),
  );
}
