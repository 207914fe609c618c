import { expect } from 'chai';
import { type Area, bytesOf } from './area.ts';

/** What there is of a store beside its objects: the way in for others, and what unfinished writes have left. */
export function describeOutside(area: () => Area): void {
  describe('URLs', () => {
    it('give anyone the bytes, whole and in ranges, or there are none', async function () {
      const bytes = bytesOf(200_000);
      await area().put('a/b c+&', bytes);
      const url = await area().store.urlOf(area().key('a/b c+&'), 60);
      if (this.test) this.test.title += url === undefined ? ' (none here)' : '';
      expect(await area().store.urlOf(area().key('absent'), 60), 'as for others').to.be.a(typeof url);
      if (url === undefined) return;
      const whole = await fetch(url);
      expect(whole.status).to.equal(200);
      expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).to.equal(true);
      const part = await fetch(url, { headers: { range: 'bytes=1000-1999' } });
      expect(part.status).to.equal(206);
      expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1000, 2000))).to.equal(true);
      await area().store.delete([area().key('a/b c+&')]);
      expect((await fetch(url)).status).to.equal(404);
    });
  });

  describe('leftovers', () => {
    it('are nothing that an object is made of, however old it is', async () => {
      const bytes = bytesOf(3_000_000);
      await area().put('written', bytes);
      await area().store.compose([area().key('written'), area().key('written')], area().key('composed'));
      await area().store.removeLeftovers(new Date(Date.now() + 60_000));
      await area().expect('written', bytes);
      await area().expect('composed', Buffer.concat([bytes, bytes]));
    });

    it('are not looked for below a date before all of them', async () => {
      expect(await area().store.removeLeftovers(new Date(0))).to.equal(0);
    });
  });
}
