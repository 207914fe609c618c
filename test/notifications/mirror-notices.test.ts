/**
 * Promise: operators hear of a mirror's trouble by a webhook and by a command, each in time and not over and over; and
 * neither of them can hold anything up, or learn a secret.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { Channel } from '../../services/sync/notices/channel.ts';
import { runCommand } from '../../services/sync/notices/command.ts';
import { Damping } from '../../services/sync/notices/damping.ts';
import type { MirrorEvent, MirrorNotice } from '../../services/sync/notices/notice.ts';
import { Notices } from '../../services/sync/notices/notices.ts';
import { Webhook } from '../../services/sync/notices/webhook.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp.ts';

const AT = '2024-05-01T10:00:00.000Z';
const notice = (event: MirrorEvent, reason?: string, mirror = 'south'): MirrorNotice => ({
  ...{ mirror, event, at: AT },
  ...(reason !== undefined && { reason }),
});

/** A log that is kept. */
function keptLog() {
  const lines: { message: string; fields: Record<string, unknown> }[] = [];
  const log = (fields: Record<string, unknown>, message: string) => lines.push({ message, fields });
  return { lines, logger: { info: log, warn: log, error: log } };
}

/** A real receiver; `answer` is the status, or `hang`. */
async function startHook() {
  const posts: { headers: IncomingHttpHeaders; body: MirrorNotice & { text: string } }[] = [];
  let answer: number | 'hang' = 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    posts.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
    if (answer !== 'hang') response.writeHead(answer, { location: '/elsewhere' }).end('noted\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    posts,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    events: () => posts.map(({ body }) => body.event),
    answer(by: number | 'hang') {
      answer = by;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('notices of mirrors', () => {
  it('reach a webhook, as JSON with a sentence, and with the headers of the configuration', async () => {
    await using hook = await startHook();
    await using notices = new Notices({
      ...{ webhook: hook.url, headers: { 'X-Key': ['a'] }, registry: 'https://registry.example.org' },
      logger: keptLog().logger,
    });
    notices.notify(notice('down', 'connection refused'));
    await eventually('a POST', () => hook.posts.length === 1);
    expect(hook.posts[0]?.headers).to.include({ 'content-type': 'application/json', 'x-key': 'a' });
    expect(hook.posts[0]?.body).to.deep.equal({
      ...notice('down', 'connection refused'),
      registry: 'https://registry.example.org',
      text: 'mirror south of https://registry.example.org is down and gets no clients: connection refused',
    });
  });

  it('reach a command on its standard input, without a shell and without our environment', async () => {
    await using dir = await tempDir('notices');
    const [script, out] = [join(dir.path, 'notify.sh'), join(dir.path, 'out')];
    await writeFile(
      script,
      '#!/bin/sh\ncat > "$1.part"\necho "$2" >> "$1.part"\nenv >> "$1.part"\nmv "$1.part" "$1"\n',
      {
        mode: 0o755,
      },
    );
    process.env['REGISTRY_HTTP_SECRET'] = 'not-for-commands';
    try {
      await using notices = new Notices({
        command: [script, out, '$(id); echo `id`'],
        logger: keptLog().logger,
      });
      notices.notify(notice('full', 'PUT was answered with 507'));
      await eventually('the command has run', () => existsSync(out));
    } finally {
      delete process.env['REGISTRY_HTTP_SECRET'];
    }
    const [json = '', argument, ...environment] = (await readFile(out, 'utf8')).split('\n');
    expect(JSON.parse(json)).to.deep.equal({
      ...notice('full', 'PUT was answered with 507'),
      text: 'mirror south has no space left: PUT was answered with 507',
    });
    expect(argument).to.equal('$(id); echo `id`');
    expect(environment.join('\n')).to.include('PATH=').and.to.not.include('not-for-commands');
  });

  it('of a webhook that hangs delay no command, and the end of the process by two seconds', async () => {
    await using dir = await tempDir('notices');
    await using hook = await startHook();
    hook.answer('hang');
    const script = join(dir.path, 'notify.sh');
    await writeFile(script, `#!/bin/sh\ncat >> ${dir.path}/out\n`, { mode: 0o755 });
    const { logger } = keptLog();
    const notices = new Notices({ webhook: hook.url, command: [script], logger });
    notices.notify(notice('down'));
    notices.notify(notice('behind'));
    const out = async () => (existsSync(`${dir.path}/out`) ? await readFile(`${dir.path}/out`, 'utf8') : '');
    await eventually('both in order', async () => /"down".*\n.*"behind".*\n/.test(await out()), 5000);
    const startedAt = performance.now();
    await notices[Symbol.asyncDispose]();
    expect(performance.now() - startedAt).to.be.within(1900, 4000);
    expect(hook.events()).to.deep.equal(['down']);
  });

  it('are not sent over and over: the same event at most once in the time, and the last one is true', async () => {
    await using hook = await startHook();
    await using notices = new Notices({ webhook: hook.url, logger: keptLog().logger, dampingMs: 1000 });
    const startedAt = performance.now();
    for (let i = 0; i < 10; i++) {
      notices.notify(notice('down', `refused ${i}`));
      notices.notify(notice('up'));
    }
    notices.notify(notice('down', 'for good'));
    notices.notify(notice('down', 'of another', 'north'));
    await eventually('three at once', () => hook.posts.length >= 3);
    expect(hook.posts.slice(0, 3).map(({ body }) => `${body.mirror} ${body.event}`)).to.deep.equal([
      ...['south down', 'south up', 'north down'],
    ]);
    await eventually('the last one', () => hook.posts.length === 4);
    expect(performance.now() - startedAt).to.be.at.least(1000);
    expect(hook.posts[3]?.body).to.deep.include({ mirror: 'south', event: 'down', reason: 'for good' });
  });
});

describe('the damping of notices', () => {
  const MINUTE_MS = 60_000;

  it('holds what is new until its time, and forgets what was undone', () => {
    let now = 0;
    const damping = new Damping(10 * MINUTE_MS, () => now);
    const passed = (event: MirrorEvent, reason?: string) => damping.isPassed(notice(event, reason));
    expect(passed('down')).to.equal(true);
    expect(damping.dueInMs).to.equal(undefined);
    now = MINUTE_MS;
    expect(passed('up')).to.equal(true);
    now = 2 * MINUTE_MS;
    expect(passed('down')).to.equal(false);
    expect(damping.dueInMs).to.equal(8 * MINUTE_MS);
    // It is up again, which was the last notice: nothing is left to be said.
    expect(passed('up')).to.equal(false);
    expect(damping.dueInMs).to.equal(undefined);
    expect(passed('down', 'again')).to.equal(false);
    now = 10 * MINUTE_MS - 1;
    expect(damping.due()).to.deep.equal([]);
    now = 10 * MINUTE_MS;
    expect(damping.due()).to.deep.equal([notice('down', 'again')]);
    expect(damping.due()).to.deep.equal([]);
  });

  it('passes other events and other mirrors, and repeats no reason', () => {
    let now = 0;
    const damping = new Damping(10 * MINUTE_MS, () => now);
    for (const event of ['behind', 'full', 'lost-blobs', 'certificate', 'disabled'] as const)
      expect(damping.isPassed(notice(event, 'one'))).to.equal(true);
    expect(damping.isPassed(notice('full', 'one', 'north'))).to.equal(true);
    expect(damping.isPassed(notice('full', 'one'))).to.equal(false);
    expect(damping.dueInMs).to.equal(undefined);
    expect(damping.isPassed(notice('full', 'other'))).to.equal(false);
    now = 10 * MINUTE_MS;
    expect(damping.due()).to.deep.equal([notice('full', 'other')]);
  });
});

describe('a channel of notices', () => {
  it('keeps a thousand that wait, drops the oldest, and logs that once', async () => {
    const { lines, logger } = keptLog();
    const sent: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const channel = new Channel({
      ...{ name: 'webhook', logger },
      async send({ mirror }) {
        await promise;
        sent.push(mirror);
      },
    });
    for (let i = 0; i <= 1500; i++) channel.add(notice('down', undefined, String(i)));
    resolve();
    await channel.idle();
    expect(sent).to.have.length(1001);
    expect([sent[0], sent[1], sent.at(-1)]).to.deep.equal(['0', '501', '1500']);
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'too many notices of mirrors wait: the oldest are dropped',
    ]);
  });

  it('logs failures once, without what is secret, and when it works again', async () => {
    await using hook = await startHook();
    hook.answer(500);
    const { lines, logger } = keptLog();
    await using webhook = new Webhook({
      ...{ url: `${hook.url}?key=hunter2`, headers: { Authorization: ['hunter2'] }, pausesMs: [1, 1] },
    });
    const channel = new Channel({
      name: 'webhook',
      logger,
      send: (each, signal) => webhook.send(each, signal),
    });
    channel.add(notice('down'));
    channel.add(notice('behind'));
    await channel.idle();
    expect(hook.posts).to.have.length(6);
    hook.answer(307);
    channel.add(notice('full'));
    await channel.idle();
    hook.answer(204);
    channel.add(notice('up'));
    await channel.idle();
    expect(hook.events().at(-1)).to.equal('up');
    expect(lines).to.deep.equal([
      {
        message: 'a notice of a mirror could not be sent; further failures are not logged',
        fields: { channel: 'webhook', mirror: 'south', event: 'down', reason: 'it answers 500' },
      },
      { message: 'notices of mirrors are sent again', fields: { channel: 'webhook' } },
    ]);
  });

  it('gives up a receiver that does not answer', async () => {
    await using hook = await startHook();
    hook.answer('hang');
    await using webhook = new Webhook({ url: hook.url, headers: {}, timeoutMs: 100, pausesMs: [] });
    const failure = await webhook.send(notice('down'), new AbortController().signal).catch(String);
    expect(failure).to.equal('Error: no answer within 100 ms');
  });
});

describe('a command for notices', () => {
  const never = new AbortController().signal;
  const failureOf = (command: readonly string[], timeoutMs?: number) =>
    runCommand(command, notice('down'), never, timeoutMs).then(
      () => undefined,
      (error: Error) => error.message,
    );

  it('that fails, does not read, or does not exist, is named by its failure', async () => {
    expect(await failureOf(['true'])).to.equal(undefined);
    expect(await failureOf(['sh', '-c', 'exit 3'])).to.equal('it ended with 3');
    expect(await failureOf(['sh', '-c', 'kill -9 $$'])).to.equal('it was killed');
    expect(await failureOf(['/nowhere/notify'])).to.equal('it cannot be started (ENOENT)');
    expect(await failureOf(['/etc/passwd'])).to.equal('it cannot be started (EACCES)');
  });

  for (const [how, end] of [
    ['takes too long', undefined],
    ['is running when the process ends', new AbortController()],
  ] as const)
    it(`that ${how} is killed, with all that it started`, async () => {
      await using dir = await tempDir('notices');
      const command = ['sh', '-c', `sleep 60 & echo $! > ${dir.path}/pid; wait`];
      const running = runCommand(command, notice('down'), end?.signal ?? never, end ? 60_000 : 2000).catch(
        (error: Error) => error.message,
      );
      const pid = async () => Number(await readFile(`${dir.path}/pid`, 'utf8').catch(() => '0'));
      await eventually('it has started', async () => (await pid()) > 0, 5000);
      end?.abort();
      expect(await running).to.be.oneOf([
        'it was killed: it took longer than 2000 ms',
        'This operation was aborted',
      ]);
      const child = await pid();
      // Nobody may be there to reap it.
      const state = () => readFile(`/proc/${child}/stat`, 'utf8').catch(() => 'X');
      await eventually('its child has ended', async () => /^X|\) [ZX] /.test(await state()), 5000);
    });
});
