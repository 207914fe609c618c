import { expect } from 'chai';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { type DefineSuite, nightly, requires } from '../support/requirements.ts';
import { openDirectory, openS3, type Processes, startProcesses } from './processes.ts';
import { REAL_CLIENTS } from './real-clients.ts';
import { KEEPS_UNTAGGED, SECONDS, SEED } from './settings.ts';
import { type Outcome, soak } from './soak.ts';

/** For starts, for what is under way at the end, and for the final check. */
const BESIDES_MS = 240_000;
const MEMORY_MAX_MIB = 600;

const PROGRAMS = ['nginx', 'redis-server', 'redis-cli', 'openssl', ...REAL_CLIENTS];

/**
 * Promise: while clients push, pull, promote and delete, garbage is collected, and nodes, workers and Redis fail at
 * random, every acknowledged manifest stays pullable byte for byte until it is deleted, and nothing is ever wrong.
 */
function describeSoak(define: DefineSuite, name: string, open: Parameters<typeof startProcesses>[0]): void {
  define(`a soak of ${SECONDS} s over ${name}`, () => {
    let processes: Processes;
    let outcome: Outcome | undefined;
    before(async function () {
      this.timeout(90_000);
      processes = await startProcesses(open);
    });
    after(async function () {
      this.timeout(30_000);
      await processes?.[Symbol.asyncDispose]();
    });

    it('loses nothing that was acknowledged, and shows no wrong byte', async function () {
      this.timeout(SECONDS * 2000 + BESIDES_MS);
      try {
        outcome = await soak(processes, SECONDS, SEED);
      } catch (cause) {
        const how = `SOAK_SEED=${SEED} SOAK_SECONDS=${SECONDS}`;
        throw new Error(`${how}: ${(cause as Error).message}`);
      }
      if (this.test) this.test.title += `: ${told(outcome)}`;
    });

    describe('afterwards', () => {
      const results = (): Outcome => outcome as Outcome;
      before(function () {
        if (!outcome) this.skip();
      });

      it('is sound, as `roadstead check --deep` says', function () {
        const { check, amiss } = results();
        if (this.test) this.test.title += `: ${check.objectsRead} objects, ${JSON.stringify(check.kinds)}`;
        // What a killed node leaves of an upload is purged when its time has come.
        const isLeft = (line: string) => line.includes('"upload-start-unknown"');
        expect(amiss.filter((line) => !isLeft(line))).to.deep.equal([]);
      });

      it('has recorded every acknowledged change once, in a chain that is whole', function () {
        const { missing, isWhole, faults, told: figures } = results().recorded;
        if (this.test) this.test.title += `: ${figures}`;
        expect(missing).to.deep.equal([]);
        expect(faults).to.deep.equal([]);
        expect(isWhole).to.equal(true);
      });

      it('has had enough to bear', () => {
        const { figures, lacks } = results();
        console.log(`      ${JSON.stringify(figures)}`);
        expect(lacks).to.deep.equal([]);
      });

      it('has kept its memory bounded', function () {
        const { highestMib } = results();
        const held = [...highestMib].map(([name, mib]) => `${name} ${mib} MiB`);
        if (this.test) this.test.title += `: ${held.join(', ')}`;
        for (const [name, mib] of highestMib) expect(mib, name).to.be.within(1, MEMORY_MAX_MIB);
      });
    });
  });
}

function told({ figures, images }: Outcome): string {
  const of = (...whats: readonly string[]) => whats.reduce((sum, what) => sum + (figures[what] ?? 0), 0);
  return [
    `${of('pushes', 'pushes by skopeo')} pushes`,
    `${of('pulls', 'pulls by skopeo', 'pulls by podman')} pulls`,
    `${of('promotions', 'promotions by the command')} promotions`,
    `${of('manifests deleted', 'tags deleted', 'deletes by skopeo')} deletes`,
    `${of('blobs deleted by the collector')} blobs deleted by the collector, ${of('blobs uploaded anew after collection')} uploaded anew after it`,
    `${of('nodes killed')} kills of nodes, ${of('workers killed')} of workers, ${of('Redis killed')} of Redis`,
    `${images} images whole at the end`,
    `0 wrong bytes; seed ${SEED}, untagged ${KEEPS_UNTAGGED ? 'kept' : 'deleted'}`,
  ].join(', ');
}

describeSoak(requires([...PROGRAMS, ...RADOSGW_PROGRAMS]), 'S3', openS3);
describeSoak(nightly(requires(PROGRAMS)), 'a directory', openDirectory);
