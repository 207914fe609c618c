import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';

/**
 * A program: asks for a URL so many times a second, each time as somebody else with a password that is wrong, for so
 * many seconds, and prints how often it heard which status. One in ten names is an account's.
 */
const [url = '', rate = '0', seconds = '0'] = process.argv.slice(2);

const TICK_MS = 10;
const dispatcher = new Agent({ connections: 256 });
const statuses: Record<string, number> = {};
const asked: Promise<void>[] = [];
let retryAfter = 0;

async function ask(i: number): Promise<void> {
  const basic = Buffer.from(`user${i % 1000}:wrong ${i}`).toString('base64');
  const answer = await request(url, { dispatcher, headers: { authorization: `Basic ${basic}` } });
  await answer.body.dump();
  statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
  if (answer.headers['retry-after'] !== undefined) retryAfter++;
}

const startedAt = performance.now();
for (let sent = 0; ; ) {
  const passedMs = performance.now() - startedAt;
  if (passedMs >= Number(seconds) * 1000) break;
  for (const due = Math.floor((passedMs / 1000) * Number(rate)); sent < due; sent++) asked.push(ask(sent));
  await sleep(TICK_MS);
}
await Promise.all(asked);
await dispatcher.close();
console.log(JSON.stringify({ statuses, retryAfter }));
