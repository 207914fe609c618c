/** Promise: what a change costs that waits for its turn does not grow with the square of those that wait with it. */
import { expect } from 'chai';
import { type Change, tagChange } from '../../services/registry/content/turns/change.ts';
import { sharing, type Waiting } from '../../services/registry/content/turns/wanted.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { parseTag } from '../../services/registry/oci/names.ts';
import { cpuMsOf } from '../support/cpu.ts';

const WAITING = 500;
const TAGS = 100;
/** One after the other compared with all before it took 2.5 s. */
const CPU_MS_MAX = 500;

/** A push of as many tags as one request may move, one of them a tag that all others move elsewhere. */
function pushOf(i: number): Waiting {
  const digest = digestOf(Buffer.from(String(i)));
  const own = Array.from({ length: TAGS - 1 }, (_, j) => tagChange(parseTag(`t${i}-${j}`), digest));
  const changes: readonly Change[] = [tagChange(parseTag('latest'), digest), ...own];
  return { changes, needs: [], mayShare: true, patience: {} } as unknown as Waiting;
}

describe('a long line of pushes', () => {
  it('is looked through in no time for those that may share a turn', () => {
    const [first, ...line] = Array.from({ length: WAITING }, (_, i) => pushOf(i)) as [Waiting, ...Waiting[]];
    let shared: readonly Waiting[] | undefined;
    expect(cpuMsOf(() => (shared = sharing(first, line)))).to.be.at.most(CPU_MS_MAX);
    expect(shared).to.deep.equal([]);
  });
});
