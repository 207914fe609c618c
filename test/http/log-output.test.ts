/**
 * Promise: a log that nobody reads, or whose disk is full, stops nothing: memory stays bounded, what is dropped is
 * counted, and the process ends when it is told to. What a process says last is written before it kills itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { makeFifo } from '../faults/fifo.ts';
import { childEnvironment } from '../support/programs.ts';
import { tempDir } from '../support/temp.ts';

const MIB = 1024 * 1024;
const DRAIN_MS = 1000;
const moduleAt = (name: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../services/http/${name}`, import.meta.url)));
/** A process with a log, which tells its parent when it has said what it has to say, and runs until a signal. */
const PROGRAM = `
  import { createLogger } from ${moduleAt('logger.ts')};
  import { runUntilSignal } from ${moduleAt('supervise.ts')};
  import fs from 'node:fs';
  const [events, fifo] = process.argv.slice(1);
  const log = createLogger({ level: 'info', fields: {} });
  for (let i = 0; i < Number(events); i++) log.logger.info({ i, more: 'x'.repeat(500) }, 'event');
  const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  await rest(200);
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  const listening = setInterval(() => undefined, 1000);
  const running = {
    async drain() {
      if (fifo === undefined) return;
      // What is to be written has been by now.
      await rest(${DRAIN_MS / 4});
      await fs.promises.open(fifo, 'r');
    },
    unfinished: () => (fifo === undefined ? [] : ['what hangs']),
    [Symbol.asyncDispose]: async () => clearInterval(listening),
  };
  const end = runUntilSignal(running, () => ({ noticeMs: 0, drainMs: ${DRAIN_MS} }), log);
  process.send(heapUsed + external);
  await end;`;

interface Started {
  readonly process: ChildProcess;
  readonly inUseBytes: number;
  /** Its exit code, and the signal that ended it. */
  readonly exit: Promise<unknown[]>;
}

const children: ChildProcess[] = [];

/** Starts it; nobody reads its output until {@link linesOf} does. */
async function start(stdout: 'pipe' | number, events: number, fifo?: string): Promise<Started> {
  const args = ['--expose-gc', '--input-type=module', '-e', PROGRAM, String(events)];
  const child = spawn(process.execPath, fifo === undefined ? args : [...args, fifo], {
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
    env: { ...childEnvironment(), UV_THREADPOOL_SIZE: '1' },
  });
  children.push(child);
  const exit = once(child, 'exit');
  const [inUseBytes] = (await once(child, 'message')) as [number];
  return { process: child, inUseBytes, exit };
}

/** All lines; `latest` hears the end of what has been read so far. */
async function linesOf(
  { process: { stdout } }: Started,
  latest: (end: string) => void = () => undefined,
): Promise<Record<string, unknown>[]> {
  const chunks: string[] = [];
  let end = '';
  for await (const chunk of (stdout as Readable).setEncoding('utf8') as AsyncIterable<string>) {
    chunks.push(chunk);
    end = (end + chunk).slice(-500);
    latest(end);
  }
  const lines = chunks.join('').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the output of a log', function () {
  this.timeout(30_000);
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('keeps a bounded amount for a reader that stops, and says how much it dropped', async () => {
    const events = 150_000;
    const started = await start('pipe', events);
    expect(started.inUseBytes, 'bytes in use').to.be.below(64 * MIB);
    let isEnding = false;
    const lines = await linesOf(started, (end) => {
      if (isEnding || !end.includes('were dropped')) return;
      isEnding = started.process.kill('SIGTERM');
    });
    const dropped = lines.filter(({ msg }) => /were dropped/.test(String(msg)));
    expect(dropped).to.have.length(1);
    expect(dropped[0]).to.include({ level: 'warn' });
    const told = lines.filter(({ msg }) => msg === 'event').length;
    expect(told).to.be.greaterThan(10_000);
    expect(told + Number(dropped[0]?.['lines'])).to.equal(events);
    expect(lines.at(-1)?.['msg']).to.equal('stopped');
    expect(await started.exit).to.deep.equal([0, null]);
  });

  it('keeps no process from ending whose reader has stopped', async () => {
    const started = await start('pipe', 10_000);
    const startedAt = performance.now();
    started.process.kill('SIGTERM');
    await started.exit;
    expect(performance.now() - startedAt).to.be.below(DRAIN_MS + 3000);
  });

  it('keeps no process from running and ending whose disk is full', async () => {
    const full = openSync('/dev/full', 'w');
    const started = await start(full, 10);
    closeSync(full);
    started.process.kill('SIGTERM');
    expect(await started.exit).to.deep.equal([0, null]);
  });

  it('has the last line of a process that kills itself, though all its threads hang', async () => {
    await using home = await tempDir('log');
    const path = join(home.path, 'hangs');
    using _fifo = makeFifo(path);
    const started = await start('pipe', 1, path);
    const reading = linesOf(started);
    started.process.kill('SIGTERM');
    const lines = await reading;
    expect(lines.map(({ msg }) => msg)).to.deep.equal([
      ...['event', 'draining', 'ended by force: these parts did not end in time'],
    ]);
    expect(lines.at(-1)?.['unfinished']).to.deep.equal(['what hangs']);
    expect(await started.exit).to.deep.equal([null, 'SIGKILL']);
  });
});
