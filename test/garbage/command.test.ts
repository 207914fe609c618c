/** Promise: `roadstead gc` tells what the collector does and would do, has it work now, and restores what it would take. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  gcDryRunCommand,
  gcRestoreCommand,
  gcRunCommand,
  gcStatusCommand,
} from '../../services/cli/commands/gc.ts';
import { Metrics } from '../../services/http/metrics.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { readProgress } from '../../services/registry/garbage/online/progress.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { BLOBS_PREFIX, blobDataKey } from '../../services/registry/storage/layout.ts';
import { GarbageWorker } from '../../services/sync/garbage/worker.ts';
import { LEASE_TIMING } from '../../services/sync/lease.ts';
import { eventually } from '../support/eventually.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { cycle, HOUR } from './cycles.ts';

const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };
const SETTINGS = { graceMs: 0, quarantineMs: HOUR, deleteUntagged: false };
const DIGEST = digestOf(Buffer.from('garbage'));

/** What a command writes to both of its outputs, and how it exits. */
async function outcomeOf(command: () => Promise<void>): Promise<{ text: string; code: unknown }> {
  const writes = [process.stdout.write, process.stderr.write] as const;
  const code = process.exitCode;
  let text = '';
  const take = (chunk: unknown) => {
    text += String(chunk);
    return true;
  };
  process.exitCode = 0;
  process.stdout.write = take as typeof process.stdout.write;
  process.stderr.write = take as typeof process.stderr.write;
  try {
    await command();
    return { text, code: process.exitCode };
  } finally {
    [process.stdout.write, process.stderr.write] = writes;
    process.exitCode = code;
  }
}

describe('roadstead gc', () => {
  let objects: MemoryStore;
  beforeEach(() => {
    objects = new MemoryStore();
    objects.hold(blobDataKey(DIGEST), 'garbage', new Date(0));
  });

  it('dry-run names what is out of use', async () => {
    const { text } = await outcomeOf(() => gcDryRunCommand(objects, SETTINGS, { json: false }));
    expect(text).to.include(`out of use: ${DIGEST}`).and.to.include('nothing was changed');
    const json = await outcomeOf(() => gcDryRunCommand(objects, SETTINGS, { json: true }));
    expect(JSON.parse(json.text)).to.include({ stored: 1, inUse: 0, quarantined: 1, deleted: 0 });
  });

  it('run has the worker do a cycle, which status shows', async () => {
    const never = await outcomeOf(() => gcStatusCommand(objects, { json: false }));
    expect(never).to.deep.equal({
      text: 'no sync process has collected garbage or purged uploads here yet\n',
      code: 0,
    });
    const collecting = { ...SETTINGS, intervalMs: HOUR };
    await using _ = new GarbageWorker({
      ...{ objects, audit: NO_AUDIT, metrics: new Metrics(), logger: LOG, pollMs: 20, settleMs: 1 },
      settings: { collecting, purging: undefined, requestsPerSecond: undefined },
    });
    const run = await outcomeOf(() => gcRunCommand(objects, NO_AUDIT, { json: false, timeoutMs: 25_000 }));
    expect(run.text).to.match(/^done with \d+ requests: .*1 in quarantine/);
    const status = await outcomeOf(() => gcStatusCommand(objects, { json: false }));
    expect(status.text).to.include('no cycle is running').and.to.include('last cycle:');
  });

  it('run waits for a worker that is in the midst of a cycle', async () => {
    const list = objects.list.bind(objects);
    objects.list = async (request) => {
      if (request.prefix === BLOBS_PREFIX) await sleep(1000);
      return list(request);
    };
    await using _ = new GarbageWorker({
      ...{ objects, audit: NO_AUDIT, metrics: new Metrics(), logger: LOG, pollMs: 20, settleMs: 1 },
      settings: {
        collecting: { ...SETTINGS, intervalMs: HOUR },
        purging: undefined,
        requestsPerSecond: undefined,
      },
      timing: { ...LEASE_TIMING, heartbeatMs: 20 },
    });
    const hasStarted = async () => (await readProgress(objects))?.startedAt !== undefined;
    await eventually('a cycle has started', hasStarted);
    const run = await outcomeOf(() =>
      gcRunCommand(objects, NO_AUDIT, { json: false, timeoutMs: 25_000, heardWithinMs: 700 }),
    );
    expect(run.text).to.match(/^done with \d+ requests/);
  });

  it('status shows what is wrong, and exits with 2', async () => {
    objects.hold(
      'docker/registry/v2/repositories/app/_manifests/tags/1/current/link',
      'no digest',
      new Date(0),
    );
    const collecting = { ...SETTINGS, intervalMs: HOUR, deleteUntagged: true };
    await using _ = new GarbageWorker({
      ...{ objects, audit: NO_AUDIT, metrics: new Metrics(), logger: LOG, pollMs: 20, settleMs: 1 },
      settings: { collecting, purging: undefined, requestsPerSecond: undefined },
    });
    const run = await outcomeOf(() => gcRunCommand(objects, NO_AUDIT, { json: false, timeoutMs: 25_000 }));
    expect(run.text).to.include('holds no digest');
    expect(run.code).to.equal(2);
    const status = await outcomeOf(() => gcStatusCommand(objects, { json: false }));
    expect(status.text).to.include('kept everything of app, since something in it cannot be read: ');
    expect(status.code).to.equal(2);
  });

  it('restore takes a blob out of quarantine, and says when it is too late', async () => {
    const restore = () => outcomeOf(() => gcRestoreCommand(objects, NO_AUDIT, DIGEST));
    expect((await restore()).text).to.include('is not in quarantine');
    await cycle(objects, { at: 0 });
    expect((await restore()).text).to.include('is restored');
    expect((await cycle(objects, { at: 2 * HOUR })).counts).to.include({ deleted: 0, released: 1 });
    objects.held.delete(blobDataKey(DIGEST));
    expect(await restore()).to.deep.equal({ text: `${DIGEST} is not in the store (any more)\n`, code: 1 });
  });
});
