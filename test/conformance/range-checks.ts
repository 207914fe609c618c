import { expect } from 'chai';
import type { Algorithm } from '../support/digest.ts';
import { type Check, check, type Group, group, Unsupported } from './check.ts';
import { newBlob } from './content.ts';
import { expectBlobDeleted } from './deleting.ts';
import { expectStatus } from './expectations.ts';
import { REPOSITORY } from './profile.ts';
import { UPLOADS } from './uploads.ts';

const BLOB_BYTES = 2048;

/** Parts of a blob ("SHOULD support the Range request header in accordance with RFC 9110"). */
export function rangeChecks(algorithm: Algorithm): Group {
  const blob = newBlob('ranges', BLOB_BYTES, algorithm);

  const part = (range: string, first: number, last: number): Check =>
    check(`${range} is bytes ${first} to ${last}`, async (on) => {
      const target = `/v2/${REPOSITORY}/blobs/${blob.digest}`;
      const answer = await on.client.ask(target, { headers: { range: `bytes=${range}` } });
      if (answer.status === 200) throw new Unsupported('the whole blob is given');
      expectStatus(answer, 206);
      expect(answer.body.equals(blob.bytes.subarray(first, last + 1))).to.equal(true);
      expect(answer.get('content-length')).to.equal(String(last + 1 - first));
      const known = `bytes ${first}-${last}/`;
      expect(answer.get('content-range')).to.be.oneOf([`${known}${BLOB_BYTES}`, `${known}*`]);
    });

  // RFC 9110 would have a reversed range ignored; the official suite passes none but 416.
  const none = (range: string): Check =>
    check(`${range} cannot be satisfied`, async (on) => {
      const target = `/v2/${REPOSITORY}/blobs/${blob.digest}`;
      const answer = await on.client.ask(target, { headers: { range: `bytes=${range}` } });
      if (answer.status === 200) throw new Unsupported('the whole blob is given');
      expectStatus(answer, 416);
    });

  return group(`${algorithm} ranges`, [
    check('are asked of a blob of 2048 bytes', async (on) =>
      expectStatus(await UPLOADS['POST and PUT'](on, REPOSITORY, blob), 201),
    ),
    part('500-1499', 500, 1499),
    part('500-', 500, 2047),
    part('-500', 1548, 2047),
    part('2000-5000', 2000, 2047),
    part('0-0', 0, 0),
    part('-5000', 0, 2047),
    none('500-0'),
    none('5000-10000'),
    none('2048-'),
    check('are of a blob that can be deleted', (on) => expectBlobDeleted(on, REPOSITORY, blob.digest)),
  ]);
}
