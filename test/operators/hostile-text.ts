import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { recordLocal } from '../../services/cli/audit.ts';
import { IssuedCredentials } from '../../services/registry/access/issued/credentials.ts';
import { newCounts } from '../../services/registry/garbage/online/context.ts';
import { collectorLeases } from '../../services/registry/garbage/online/progress.ts';
import { deliveryLeases } from '../../services/registry/notifications/delivery.ts';
import { encodeItem } from '../../services/registry/notifications/item.ts';
import { deadPrefix, itemKey, nextTick } from '../../services/registry/notifications/keys.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { writeNotice } from '../../services/registry/storage/read-only.ts';
import { withStore } from '../../services/serve/serve.ts';

/** Clears a screen, sets its title, returns, begins lines, reverses the direction of writing: with bytes of C0 and C1. */
export const HOSTILE = 'a\u001b[2J\u001b]0;t\u0007\r\u009b2J\u0085\u202e\u2066\u2028\nforged\u007f\u{e0041}';

const digest = digestOf(Buffer.from('x'));
const now = () => new Date().toISOString();

/** Fills a store with such text, wherever clients and other machines can write it. */
export function fillStore(configPath: string): Promise<void> {
  return withStore(configPath, 'write', async (objects, _, audit) => {
    const issued = new IssuedCredentials(objects);
    for (const kind of ['robot', 'user'] as const)
      await issued.create({ kind, name: 'robot+x', groups: [HOSTILE], description: HOSTILE, by: HOSTILE });
    await recordLocal(audit, { action: 'robot.create', details: { robot: HOSTILE, groups: [HOSTILE] } });
    await writeNotice(objects, { since: now(), by: HOSTILE, reason: HOSTILE });
    const heartbeat = { version: 1 as const, holder: HOSTILE, beat: 1, beatAt: now() };
    const kept = [{ repository: HOSTILE, why: HOSTILE }];
    const cycle = { startedAt: now(), counts: newCounts() };
    const progress = { ...heartbeat, ...cycle, phase: 'scanning' as const, trouble: HOSTILE, kept };
    await collectorLeases(objects).acquire(undefined, progress);
    const lastError = { at: now(), reason: HOSTILE };
    await deliveryLeases(objects, 'hook').acquire(undefined, { ...heartbeat, failures: 1, lastError });
    const event = JSON.stringify({ action: HOSTILE, target: { repository: HOSTILE, tag: HOSTILE } });
    await objects.put(
      itemKey(deadPrefix('hook'), {
        ...{ tick: nextTick(), id: crypto.randomUUID() },
        ...{ kind: 'change', events: 1 },
      }),
      encodeItem({ events: [event], death: { at: now(), reason: HOSTILE } }),
    );
  });
}

/** A release service that answers with such text wherever its answers have any. */
export async function startHostileService(): Promise<Server & { readonly url: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(server, { url: `http://127.0.0.1:${port}` });
}

const mirror = {
  ...{ name: HOSTILE, url: HOSTILE, healthy: false, reason: HOSTILE, trouble: HOSTILE },
  ...{ watermark: 1, lag: 0, missing: 1 },
  ...{ warnings: [HOSTILE], notes: [HOSTILE], lacks: [{ sizeBytes: 1, seq: 1, reason: HOSTILE }] },
};
const attachment = { subject: HOSTILE, digest: HOSTILE, tag: HOSTILE, artifactType: HOSTILE };
const ANSWERS: Readonly<Record<string, readonly object[]>> = {
  '/api/v1/publications': [
    {
      head: 1,
      publications: [
        {
          ...{ version: 1, seq: 1, time: now(), actor: HOSTILE, kind: 'promotion', manifestDigest: digest },
          source: { repository: HOSTILE, reference: HOSTILE },
          target: { repository: HOSTILE, tag: HOSTILE },
          collections: {},
        },
      ],
    },
  ],
  '/api/v1/mirrors': [{ head: 1, mirrors: [mirror] }],
  '/api/v1/status': [
    { status: 'degraded', problems: [HOSTILE], version: HOSTILE, head: 1, mirrors: [mirror] },
  ],
  '/api/v1/explain': [
    {
      ...{ repository: HOSTILE, digest: HOSTILE, blob: { sizeBytes: 1 }, publication: 1, text: HOSTILE },
      decision: { kind: 'redirect', mirror: HOSTILE, rule: HOSTILE, url: HOSTILE },
      mirrors: [{ name: HOSTILE, obstacle: HOSTILE, detail: HOSTILE }],
    },
  ],
  '/api/v1/promotions': [
    {
      ...{ event: 'planned', source: HOSTILE, target: HOSTILE, digest: HOSTILE, manifests: 1, blobs: 1 },
      ...{ sizeBytes: 1, newBlobs: 1, newBytes: 1, leftOut: [attachment] },
      attached: [{ ...attachment, state: 'replaced', previousDigest: HOSTILE }],
    },
    { event: 'waiting', seq: 1, ready: [HOSTILE], wanted: 2 },
    { event: 'failed', error: { code: 'DENIED', message: HOSTILE, detail: { what: HOSTILE } } },
  ],
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const lines = ANSWERS[new URL(request.url ?? '/', 'http://x').pathname];
  request.resume();
  request.on('end', () => response.end(`${(lines ?? []).map((line) => JSON.stringify(line)).join('\n')}\n`));
}
