import { z } from 'zod';
import type { Audit } from '../../registry/audit/audit.ts';
import type { NotificationsConfig } from '../../registry/notifications/endpoint.ts';
import {
  type EndpointReport,
  forgottenOutboxes,
  inspectEndpoint,
  requeueDead,
} from '../../registry/notifications/inspect.ts';
import { tryParseJson } from '../../registry/storage/json.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { recordLocal } from '../audit.ts';
import type { JsonOption } from '../command.ts';
import { fail, print, printJson, printTable } from '../table.ts';

/** At most this many of an endpoint's dead letters are shown. */
const NEWEST = 5;

/** Shows every endpoint's queue, dead letters and last error. Exits with 2 if something needs an operator. */
export async function notificationsCommand(
  objects: ObjectStore,
  { endpoints }: NotificationsConfig,
  { json }: JsonOption,
): Promise<void> {
  const reports = await Promise.all(endpoints.map(({ name }) => inspectEndpoint(objects, name, NEWEST)));
  const forgotten = await forgottenOutboxes(
    objects,
    endpoints.map(({ name }) => name),
  );
  if (json) printJson({ endpoints: reports.map(withEvents), forgotten }, 2);
  else show(reports, forgotten);
  const isWrong = reports.some(
    ({ dead, delivery, isDeliveryDamaged }) => dead > 0 || isDeliveryDamaged || (delivery?.failures ?? 0) > 0,
  );
  if (isWrong) process.exitCode = 2;
}

/** Puts an endpoint's dead letters back into its queue. */
export async function retryDeadCommand(
  objects: ObjectStore,
  audit: Audit,
  { endpoints }: NotificationsConfig,
  name: string,
  { json }: JsonOption,
): Promise<void> {
  const endpoint = endpoints.find((each) => each.name === name);
  if (endpoint === undefined) {
    const names = endpoints.map((each) => each.name).join(', ') || 'none';
    return fail(`no endpoint is called ${name}; configured: ${names}`);
  }
  await recordLocal(audit, { action: 'notifications.retry', details: { endpoint: name } });
  const result = await requeueDead(objects, endpoint);
  if (json) return printJson({ endpoint: name, ...result }, 2);
  print(`${result.requeued} events of ${name} are queued again`);
  if (result.left > 0) {
    print(`${result.left} did not fit into the queue: run this again when it is shorter`);
    process.exitCode = 2;
  }
  if (result.damaged > 0) {
    print(`${result.damaged} dead letters cannot be read: see roadstead notifications`);
    process.exitCode = 2;
  }
}

function show(reports: readonly EndpointReport[], forgotten: readonly string[]): void {
  printTable(
    ['ENDPOINT', 'QUEUED', 'OLDEST', 'DEAD', 'LAST DELIVERED', 'FAILURES', 'LAST ERROR'],
    reports.map(({ endpoint, queued, oldestAt, dead, ...report }) => [
      endpoint,
      String(queued),
      oldestAt === undefined ? '-' : age(oldestAt),
      String(dead),
      ...columnsOf(report),
    ]),
    'no notification endpoints are configured',
  );
  for (const { endpoint, dead, newestDead } of reports) {
    if (dead === 0) continue;
    print(`dead letters of ${endpoint}, newest first (queue them again with --retry-dead ${endpoint}):`);
    for (const { at, reason, events } of newestDead)
      print(`  ${at}  ${reason}  ${events.map(brief).join(', ')}`);
  }
  for (const segment of forgotten)
    print(
      `roadstead/notifications/${segment}/ belongs to no configured endpoint; delete it, or name the endpoint again`,
    );
}

function columnsOf({
  delivery,
  isDeliveryDamaged,
}: Pick<EndpointReport, 'delivery' | 'isDeliveryDamaged'>): string[] {
  if (isDeliveryDamaged) return ['-', '-', 'the record of its delivery cannot be read: run roadstead check'];
  const { lastDeliveredAt = '-', failures = 0, lastError } = delivery ?? {};
  return [lastDeliveredAt, String(failures), lastError ? `${lastError.at} ${lastError.reason}` : '-'];
}

function withEvents(report: EndpointReport) {
  const newestDead = report.newestDead.map((letter) => ({
    ...letter,
    events: letter.events.map((json) => parsed(json) ?? json),
  }));
  return { ...report, newestDead };
}

const Brief = z.object({
  action: z.string(),
  target: z.object({ repository: z.string(), tag: z.string().optional(), digest: z.string().optional() }),
});

function parsed(json: string): unknown {
  return tryParseJson(z.unknown(), Buffer.from(json));
}

/** `push hello:1`: enough to know what a dead letter is about. */
function brief(json: string): string {
  const event = Brief.safeParse(parsed(json));
  if (!event.success) return 'an event that cannot be read';
  const { action, target } = event.data;
  const { repository, tag, digest } = target;
  return `${action} ${repository}${tag ? `:${tag}` : digest ? `@${digest.slice(0, 19)}` : ''}`;
}

function age(since: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
