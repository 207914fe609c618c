/**
 * Promise: no request hides in another one. Whatever is odd about lengths, chunks, lines and targets, the registry sees
 * the very requests that nginx before it saw, or refuses; by itself, it never takes what is ambiguous for two.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { AMBIGUOUS, HIDDEN } from './ambiguous.ts';
import { type NginxFront, startNginxFront } from './nginx-front.ts';
import { closedWithin, rawConnection } from './raw.ts';

/** So long both ends may be silent until all that will come has come. */
const SILENCE_MS = 60;
/** Before anything has come: a process may be held up for longer than it is silent between two answers. */
const FIRST_SILENCE_MS = 1500;

/** Sends bytes, and reads until the other end closes or falls silent. */
async function exchange(port: number, bytes: string, firstSilenceMs = FIRST_SILENCE_MS): Promise<string> {
  using connection = await rawConnection(port);
  connection.socket.write(Buffer.from(bytes, 'latin1'));
  const startedAt = performance.now();
  const mayBegin = () =>
    /^(HTTP\/1\.1 100 Continue\r\n\r\n)?$/.test(connection.received()) &&
    performance.now() - startedAt < firstSilenceMs;
  for (let before = -1; !connection.isClosed() && (mayBegin() || connection.received().length !== before); ) {
    before = connection.received().length;
    await sleep(SILENCE_MS);
  }
  return connection.received();
}

/** Asks for a repository of that name, and reads to the end of the connection. */
async function ask(port: number, name: string): Promise<string> {
  using connection = await rawConnection(port);
  connection.socket.write(
    `GET /v2/${name}/tags/list HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  await closedWithin(connection, 10_000);
  return connection.received();
}

/** `METHOD path` of a line `STATUS METHOD uri`. */
const wanted = (line: string) => line.replace(/^\d+ /, '');
const statusesOf = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);

requires(['nginx'])('a request in a request', function () {
  this.timeout(60_000);
  let registry: TestRegistry;
  let front: NginxFront;
  before(async () => {
    registry = await startRegistry({ promotion: false });
    front = await startNginxFront({ upstream: registry.host });
  });
  after(async () => {
    await front[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  const requestsSeen = () =>
    registry
      .log()
      .filter(({ msg, path }) => msg === 'request' && String(path).startsWith('/v2/'))
      .map(({ method, path }) => `${String(method)} ${String(path)}`);

  let [passed, seen] = [0, 0];
  for (const { name, bytes } of AMBIGUOUS)
    it(`is seen by nobody, or by nginx too: ${name}`, async () => {
      await exchange(front.port, bytes);
      // On the same connection to the registry: had it seen more than nginx, this would get the wrong answer.
      const marker = `marker-${crypto.randomUUID()}`;
      const answer = await ask(front.port, marker);
      expect(statusesOf(answer)).to.deep.equal(['404']);
      expect(answer).to.include(marker);
      const [byNginx, byRegistry] = await settled(marker);
      const [newByNginx, newByRegistry] = [byNginx.slice(passed), byRegistry.slice(seen)];
      [passed, seen] = [byNginx.length, byRegistry.length];
      // What the registry refuses before it looks at it, it does not log.
      const refused = newByNginx.filter((line) => line.startsWith('400 '));
      const taken = newByNginx.filter(
        (line) => !refused.includes(line) || newByRegistry.includes(wanted(line)),
      );
      expect(newByRegistry).to.have.members(taken.map(wanted));
    });

  /** Both logs, once the marker is the last line of each. */
  async function settled(marker: string): Promise<[string[], string[]]> {
    let logs: [string[], string[]] = [[], []];
    const isMarked = async () => {
      logs = [
        (await front.passedOn()).map((line) => line.replace(/[?#].*/, '')),
        requestsSeen().map((line) => line.replace(/#.*/, '')),
      ];
      return logs.every((log) => log.at(-1)?.includes(marker));
    };
    await eventually(() => logs.map((log) => log.slice(-3)), isMarked, 15_000);
    return logs;
  }

  // A header that nobody knows is no length, so these are two requests, to nginx as well.
  const HONEST = /Content_Length/;
  for (const { name, bytes } of AMBIGUOUS.filter((each) => !HONEST.test(each.name)))
    it(`is not seen without a proxy either: ${name}`, async () => {
      const before = requestsSeen().length;
      const answer = await exchange(Number(new URL(registry.url).port), bytes);
      await sleep(20);
      const after = requestsSeen().slice(before);
      expect(after.filter((line) => line.includes(HIDDEN))).to.deep.equal([]);
      expect(statusesOf(answer).filter((status) => status !== '100')).to.have.length.at.most(1);
    });

  for (const name of [
    ...['two hosts', 'two authorizations', 'no host', 'a host with a blank', 'absolute form with a user'],
    ...['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'bare LF everywhere', 'both in HTTP/1.0', 'a folded host'],
    ...['"Transfer-Encoding: identity, chunked" alone'],
    '"Transfer-Encoding: x\\r\\nTransfer-Encoding: chunked" alone',
  ])
    it(`is refused with 400 where the registry cannot know: ${name}`, async () => {
      const bytes = AMBIGUOUS.find((each) => each.name === name)?.bytes;
      if (bytes === undefined) throw new Error('there is no such case');
      const answer = await exchange(Number(new URL(registry.url).port), bytes, 15_000);
      expect(statusesOf(answer)).to.deep.equal(['400']);
      if (name.includes('Transfer-Encoding')) expect(answer).to.match(/\r\nConnection: close\r\n/i);
    });

  it('is looked for by cases that an honest reader takes for one request, and a careless one for two', () => {
    expect(AMBIGUOUS.filter(({ bytes }) => bytes.includes(HIDDEN))).to.have.length.above(50);
  });
});
