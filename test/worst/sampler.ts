/**
 * A worker that asks `/livez` again and again and counts a process's descriptors. A thread of its own: what the measuring
 * process does itself, such as reading an answer of some megabytes, delays nothing here.
 */
import { readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { Sampled, SamplerOptions } from './sampled.ts';

const EVERY_MS = 10;

const { url, pid } = workerData as SamplerOptions;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const seen = { slowestMs: 0, descriptors: 0 };
let isAsked = false;

setInterval(() => {
  seen.descriptors = Math.max(seen.descriptors, readdirSync(`/proc/${pid}/fd`).length);
}, EVERY_MS / 2);

parentPort?.on('message', (message: 'report' | 'end') => {
  if (message === 'end') process.exit(0);
  isAsked = true;
});

for (;;) {
  // What is asked for while a request is under way is answered after it: the slowest one may be that one.
  const isLast = isAsked;
  seen.slowestMs = Math.max(seen.slowestMs, await livez());
  if (isLast) {
    parentPort?.postMessage({ ...seen } satisfies Sampled);
    Object.assign(seen, { slowestMs: 0, descriptors: 0 });
    isAsked = false;
  }
  await sleep(EVERY_MS);
}

function livez(): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    get(`${url}/livez`, { agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - startedMs);
        else reject(new Error(`/livez: ${response.statusCode}`));
      });
    }).once('error', reject);
  });
}
