/** Promise: other nodes know a redirect before its client can come back there; a flood of them is bounded, in small messages. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeMessage, parseMessage } from '../../services/redis/message.ts';
import {
  RedirectAnnouncer,
  type Redirected,
} from '../../services/registry/publishing/mirrors/trouble/announcer.ts';
import { eventually } from '../support/eventually.ts';

const redirect = (i: number): Redirected => ({
  key: `${i}`.padStart(16, 'k'),
  blob: 'b'.repeat(16),
  mirror: 'm',
});

describe('redirects', () => {
  it('are announced in the next turn of the event loop', async () => {
    const messages: (readonly Redirected[])[] = [];
    using announcer = new RedirectAnnouncer((redirects) => messages.push(redirects));
    announcer.add(redirect(1));
    announcer.add(redirect(2));
    expect(messages).to.deep.equal([]);
    await nextTurn();
    expect(messages).to.deep.equal([[redirect(1), redirect(2)]]);
  });

  it('that follow are announced some ms later, together', async () => {
    const messages: (readonly Redirected[])[] = [];
    using announcer = new RedirectAnnouncer((redirects) => messages.push(redirects));
    announcer.add(redirect(0));
    await nextTurn();
    for (let i = 1; i < 1000; i++) announcer.add(redirect(i));
    await eventually('they are announced', () => messages.length > 1);
    const [, ...later] = messages;
    const announced = later.flat();
    expect(announced).to.deep.equal(Array.from({ length: 200 }, (_, i) => redirect(i + 1)));
    expect(Math.max(...later.map((message) => message.length))).to.equal(25);
  });

  it('fit into a message, with the longest names', async () => {
    const texts: string[] = [];
    using announcer = new RedirectAnnouncer((redirects) => {
      const change = { kind: 'blobs-redirected' as const, by: crypto.randomUUID(), redirects };
      texts.push(encodeMessage({ from: crypto.randomUUID(), seq: 2 ** 40, change }));
    });
    for (let i = 0; i < 25; i++) announcer.add({ ...redirect(i), mirror: 'm'.repeat(64) });
    await nextTurn();
    expect(texts.length).to.equal(1);
    expect(parseMessage(texts[0] ?? '')?.change).to.include({ kind: 'blobs-redirected' });
  });

  it('are not announced when it is disposed', async () => {
    let announced = 0;
    {
      using announcer = new RedirectAnnouncer(() => announced++);
      announcer.add(redirect(1));
    }
    await nextTurn();
    await nextTurn();
    expect(announced).to.equal(0);
  });
});
