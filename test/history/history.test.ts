import { expect } from 'chai';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { type DefineSuite, requires } from '../support/requirements.ts';
import { type Outcome, runHistory } from './history.ts';
import { CHOSEN, NEXT_UPSTREAM, SECONDS, SEED } from './settings.ts';
import { onFileSystem, onS3, onSharedDirectory, type SetUp } from './setups.ts';

/** For what is under way at the end, and for the checks. */
const BESIDES_MS = 300_000;
/** For the starts of all processes on a busy machine. */
const SETUP_MS = 300_000;
/** Violations that a report shows. */
const SHOWN = 8;

/**
 * Promise: whatever fails, each tag and each manifest is one register: what was acknowledged stays, changes have one
 * order, and a node shows what was there a moment ago at the oldest.
 */
function describeHistory(
  define: DefineSuite,
  name: string,
  seconds: number,
  open: () => Promise<SetUp>,
): void {
  define(`the history of ${seconds} s over ${name}`, () => {
    let setUp: SetUp;
    let outcome: Outcome | undefined;
    before(async function () {
      this.timeout(SETUP_MS);
      setUp = await open();
    });
    after(async function () {
      this.timeout(60_000);
      await setUp?.[Symbol.asyncDispose]();
    });

    it('has an order that explains all that clients did and saw', async function () {
      this.timeout(seconds * 1500 + BESIDES_MS);
      outcome = await runHistory(setUp, seconds, SEED);
      const { violations, operations, figures } = outcome;
      if (this.test) this.test.title += `: ${operations} operations, ${violations.length} violations`;
      console.log(`      ${JSON.stringify(figures)}`);
      if (violations.length > 0) throw new Error(story(seconds, violations));
    });

    it('has had enough to bear', function () {
      if (!outcome) this.skip();
      expect(outcome.lacks).to.deep.equal([]);
    });
  });
}

function story(seconds: number, violations: readonly string[]): string {
  const faults = `HISTORY_FAULTS=${JSON.stringify([...CHOSEN].join(','))}`;
  const how = `HISTORY_SEED=${SEED} HISTORY_SECONDS=${seconds} HISTORY_NEXT_UPSTREAM=${NEXT_UPSTREAM} ${faults}`;
  return [`${how}: ${violations.length} violations`, ...violations.slice(0, SHOWN)].join('\n\n');
}

describeHistory(describe, 'a file system', SECONDS.fileSystem, onFileSystem);
describeHistory(requires(['nginx']), 'a shared directory', SECONDS.sharedDirectory, onSharedDirectory);
describeHistory(
  requires(['nginx', 'redis-server', 'redis-cli', ...RADOSGW_PROGRAMS]),
  'S3',
  SECONDS.s3,
  onS3,
);
