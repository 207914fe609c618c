/**
 * Promise: whatever anybody sends, the registry answers with a refusal that says why, or ends the connection; it
 * stays up, keeps its memory, writes nothing, and what it has it goes on serving. `FUZZ_SEED` repeats a run.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { cpuSeconds } from '../support/cpu.ts';
import { eventually } from '../support/eventually.ts';
import { type Case, endsConnection } from './fuzz/case.ts';
import { CaseFailure, Connection } from './fuzz/connection.ts';
import { caseAt, GENERATORS } from './fuzz/generators.ts';
import { bytesInUse } from './fuzz/in-use.ts';
import { judge } from './fuzz/judge.ts';
import { Scene } from './fuzz/scene.ts';
import { MIB, residenceDuring } from './resident.ts';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? (process.env['NIGHTLY'] === '1' ? 100_000 : 50_000));
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const CONNECTIONS = 6;
/** With 1 it is certain which request an answer is for, even where HTTP breaks. */
const PIPELINED = Number(process.env['FUZZ_PIPELINED'] ?? 24);
/** So often an upload is opened anew: requests close them. */
const RENEW_EVERY = 500;
/** What takes more of the processor keeps all others waiting, too. In its own time: other programs may be at work here. */
const COSTLIEST_SECONDS = 4;
/** Growth of what is in use beyond this, from the first third of the requests to the last, is not flat. */
const FLAT_BYTES = 5 * MIB;
/** V8 lets its heap grow, however little of it is in use, before it looks for garbage in earnest; but no further. */
const RESIDENT_BYTES = 512 * MIB;

describe(`${REQUESTS} malformed requests, FUZZ_SEED=${SEED}`, function () {
  this.timeout(600_000);
  let scene: Scene;
  const counts = new Map<string, number>();
  let place = 0;
  let costliestSeconds = 0;
  before(async () => {
    scene = await Scene.start();
  });
  after(() => scene?.[Symbol.asyncDispose]());

  /** The next requests that go out at once: the last may end the connection. */
  async function nextBatch(end: number): Promise<{ first: number; cases: Case[] }> {
    const first = place;
    const cases: Case[] = [];
    while (place < end && cases.length < PIPELINED) {
      if (place % RENEW_EVERY === 0) await scene.renewUpload();
      const next = caseAt(SEED, place++, scene.known);
      counts.set(next.name, (counts.get(next.name) ?? 0) + 1);
      cases.push(next);
      if (endsConnection(next)) break;
    }
    return { first, cases };
  }

  async function send(end: number): Promise<void> {
    const connection = new Connection(Number(new URL(scene.registry.url).port), judge);
    try {
      while (place < end) {
        const { first, cases } = await nextBatch(end);
        const before = cpuSeconds(scene.registry.daemon.pid);
        if (cases.length > 0)
          await connection.exchange(cases).catch((error: unknown) => {
            if (!(error instanceof CaseFailure)) throw error;
            const { name } = caseAt(SEED, first + error.at, scene.known);
            throw new Error(`request ${first + error.at} (${name}) ${error.message}`, { cause: error });
          });
        costliestSeconds = Math.max(costliestSeconds, cpuSeconds(scene.registry.daemon.pid) - before);
      }
    } finally {
      connection.close();
    }
  }

  async function sendUntil(end: number): Promise<void> {
    const senders = Array.from({ length: CONNECTIONS }, () => send(end));
    await Promise.allSettled(senders);
    await Promise.all(senders);
  }

  it('are refused, and leave the registry up, no larger, and its store as it was', async () => {
    const { pid } = scene.registry.daemon;
    const before = await scene.files();
    const warm = await residenceDuring(pid, () => sendUntil(Math.floor(REQUESTS / 3)));
    const warmBytes = await bytesInUse(scene.registry);
    await sendUntil(Math.floor((2 * REQUESTS) / 3));
    const end = await residenceDuring(pid, () => sendUntil(REQUESTS));
    const endBytes = await bytesInUse(scene.registry);
    const mib = (bytes: number) => Math.round(bytes / MIB);
    console.log(
      `      ${Math.round((warm.tookMs + end.tookMs) * 1.5)} ms, the costliest few ${costliestSeconds.toFixed(1)} s of CPU; in use ` +
        `${mib(warmBytes)} MiB after the first third, ${mib(endBytes)} MiB after the last; resident at most ` +
        `${mib(warm.highestBytes)} MiB in the first, ${mib(end.highestBytes)} MiB in the last`,
    );
    expect(scene.registry.daemon.pid).to.equal(pid);
    expect(costliestSeconds, 'seconds of CPU for a few').to.be.below(COSTLIEST_SECONDS);
    // What was sent last may still be cleared away.
    await eventually('its files are as they were', async () =>
      isDeepStrictEqual(await scene.files(), before),
    );
    expect(endBytes).to.be.at.most(warmBytes + FLAT_BYTES);
    expect(Math.max(warm.highestBytes, end.highestBytes)).to.be.at.most(RESIDENT_BYTES);
    await scene.expectPullable();
  });

  it('were of every kind', () => {
    const least = REQUESTS / 4000;
    for (const [name] of GENERATORS) expect(counts.get(name), name).to.be.greaterThan(least);
  });

  it('are nothing that the registry logs as a fault of its own', () => {
    const lines = scene.registry.log();
    expect(lines.length).to.be.greaterThan(REQUESTS / 2);
    expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).to.deep.equal([]);
  });
});
