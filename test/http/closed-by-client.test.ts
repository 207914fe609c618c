/** Promise: a client that goes away in the middle of an answer is no error of ours. */
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { isClosedByClient } from '../../services/http/app.ts';

describe('an answer whose client has gone', () => {
  it('is distinguished from faults, also when it was gone before the answer began', async () => {
    const gone = new Writable({ write: (_chunk, _encoding, done) => done() }).destroy();
    const error = await pipeline(['bytes'], gone).catch((thrown: unknown) => thrown);
    expect(isClosedByClient(error)).to.equal(true);
    expect(isClosedByClient(Object.assign(new Error(), { code: 'ERR_STREAM_DESTROYED' }))).to.equal(true);
    expect(isClosedByClient(new Error('ours'))).to.equal(false);
  });
});
