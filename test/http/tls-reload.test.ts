/**
 * Promise: a certificate that is renewed on disk is in use within seconds, without a restart and without cutting a
 * connection; one that cannot be used changes nothing but the log.
 */
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type ListenTls, listen } from '../../services/http/listen.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { daysFromNow, makePair, type Pair, replacePair } from './certificates.ts';
import { keepingLogger } from './log-sink.ts';
import { connectTo, outcome, shownBy } from './tls-client.ts';

const LISTEN = fileURLToPath(new URL('../../services/http/listen.ts', import.meta.url));
const handler: RequestListener = (_, response) => void response.end('hello');
const open = (tls: ListenTls) => listen(handler, { host: '127.0.0.1', port: 0, tls });

requires(['openssl'])('TLS files', function () {
  this.timeout(30_000);
  let home: TempDir;
  let [first, second]: Pair[] = [];
  /** A fresh copy of the first pair, in a directory of its own, which a test may change. */
  const inUse = async (name: string): Promise<Pair> => {
    await mkdir(join(home.path, name));
    const pair = { certificate: join(home.path, name, 'tls.crt'), key: join(home.path, name, 'tls.key') };
    await replacePair(pair, first as Pair);
    return pair;
  };
  before(async () => {
    home = await tempDir('tls');
    first = await makePair(home.path, { name: 'first', to: daysFromNow(90) });
    second = await makePair(home.path, { name: 'second', to: daysFromNow(90) });
  });
  after(() => home[Symbol.asyncDispose]());

  it('that are replaced are in use for new connections, and open connections continue', async () => {
    const pair = await inUse('replaced');
    const { logger, lines } = keepingLogger();
    await using listener = await open({ ...pair, logger });
    using old = await connectTo(listener.url);
    expect([old.server, await old.ask()]).to.deep.equal(['first', 'hello']);
    await replacePair(pair, second as Pair);
    await eventually(
      'the second pair is in use',
      async () => (await shownBy(listener.url)) === 'second',
      5000,
      50,
    );
    expect(await old.ask()).to.equal('hello');
    expect(lines.map(({ level, msg }) => ({ level, msg }))).to.deep.equal([
      { level: 'info', msg: 'new TLS files are in use' },
    ]);
  });

  it('are followed through the swapped link of a Kubernetes secret', async () => {
    const mount = join(home.path, 'secret');
    await mkdir(mount);
    for (const [version, pair] of [
      ['..2026_1', first],
      ['..2026_2', second],
    ] as const) {
      await mkdir(join(mount, version));
      await copyFile((pair as Pair).certificate, join(mount, version, 'tls.crt'));
      await copyFile((pair as Pair).key, join(mount, version, 'tls.key'));
    }
    await symlink('..2026_1', join(mount, '..data'));
    for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(mount, name));
    const { logger } = keepingLogger();
    const tls = { certificate: join(mount, 'tls.crt'), key: join(mount, 'tls.key'), logger };
    await using listener = await open(tls);
    expect(await shownBy(listener.url)).to.equal('first');
    await symlink('..2026_2', join(mount, '..data_tmp'));
    await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    await rm(join(mount, '..2026_1'), { recursive: true });
    await eventually(
      'the second pair is in use',
      async () => (await shownBy(listener.url)) === 'second',
      5000,
      50,
    );
  });

  it('are polled where no event announces a change', async () => {
    const elsewhere = await inUse('elsewhere');
    const linked = join(home.path, 'linked');
    await mkdir(linked);
    const pair = { certificate: join(linked, 'c'), key: join(linked, 'k') };
    await symlink(elsewhere.certificate, pair.certificate);
    await symlink(elsewhere.key, pair.key);
    const { logger } = keepingLogger();
    await using listener = await open({ ...pair, logger, pollIntervalMs: 300 });
    await using unpolled = await open({ ...pair, logger });
    await replacePair(elsewhere, second as Pair);
    await eventually(
      'the second pair is in use',
      async () => (await shownBy(listener.url)) === 'second',
      5000,
      50,
    );
    // The directory that is watched did not change, so it was the poll that found it.
    expect(await shownBy(unpolled.url)).to.equal('first');
  });

  for (const [what, breakIt, problem] of [
    [
      'a certificate of another key',
      async ({ certificate }: Pair) => copyFile((second as Pair).certificate, certificate),
      /^http\.tls\.key = .*tls\.key: is not the key of the first certificate/,
    ],
    [
      'half a certificate',
      async ({ certificate }: Pair) => {
        const whole = await readFile((second as Pair).certificate);
        await writeFile(certificate, whole.subarray(0, whole.length / 2));
      },
      /^http\.tls\.certificate = .*tls\.crt: holds no PEM certificate/,
    ],
    [
      'no key at all',
      async ({ key }: Pair) => rm(key),
      /^http\.tls\.key = .*tls\.key: cannot be read \(ENOENT\)$/,
    ],
    [
      'a certificate that has ended',
      async (pair: Pair) => {
        const wanted = { name: 'ended', from: daysFromNow(-9), to: daysFromNow(-1) };
        await replacePair(pair, await makePair(home.path, wanted));
      },
      /^http\.tls\.certificate = .*tls\.crt: valid from .* to /,
    ],
  ] as const) {
    it(`that hold ${what} are not used, logged once, and tried again`, async () => {
      const pair = await inUse(what.replaceAll(' ', '-'));
      const { logger, lines } = keepingLogger();
      await using listener = await open({ ...pair, logger, pollIntervalMs: 50 });
      await breakIt(pair);
      await eventually('something is logged', () => lines.length > 0, 10_000);
      // Many a look later it is still one line, and the first certificate.
      await sleep(400);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include({
        level: 'error',
        msg: 'the new TLS files cannot be used; the old ones stay in use',
      });
      expect(lines[0]?.['problem']).to.match(problem);
      expect(await outcome(listener.url)).to.equal('hello');
      expect(await shownBy(listener.url)).to.equal('first');
      await replacePair(pair, second as Pair);
      await eventually(
        'the second pair is in use',
        async () => (await shownBy(listener.url)) === 'second',
        5000,
        50,
      );
      expect(lines.map(({ level }) => level)).to.deep.equal(['error', 'info']);
    });
  }

  it('that are written one after the other are no mistake', async () => {
    const pair = await inUse('slowly');
    const { logger, lines } = keepingLogger();
    await using listener = await open({ ...pair, logger });
    await copyFile((second as Pair).certificate, pair.certificate);
    await sleep(300);
    await copyFile((second as Pair).key, pair.key);
    await eventually(
      'the second pair is in use',
      async () => (await shownBy(listener.url)) === 'second',
      5000,
      50,
    );
    expect(lines.map(({ level }) => level)).to.deep.equal(['info']);
  });

  it('whose certificate ends within two weeks are warned of, and one that has ended is an error', async () => {
    for (const [name, days, level] of [
      ['later', 15, undefined],
      ['soon', 13, 'warn'],
      ['past', -1, 'error'],
    ] as const) {
      const wanted = { name, from: daysFromNow(-9), to: daysFromNow(days) };
      const { logger, lines } = keepingLogger();
      await using listener = await open({
        ...(await makePair(home.path, wanted)),
        logger,
        pollIntervalMs: 50,
      });
      expect(await shownBy(listener.url)).to.equal(name);
      await sleep(300);
      expect(
        lines.map((line) => line['level']),
        name,
      ).to.deep.equal(level ? [level] : []);
    }
  });

  for (const [what, files, message] of [
    [
      'is not there',
      { certificate: 'nowhere.pem' },
      /^http\.tls\.certificate = nowhere\.pem: cannot be read \(ENOENT\)$/,
    ],
    ['is a directory', { key: '/' }, /^http\.tls\.key = \/: cannot be read \(EISDIR\)$/],
    [
      'is no path but a key',
      { key: '-----BEGIN PRIVATE KEY-----\nMIGH' },
      /^http\.tls\.key = \(not shown, no path\): cannot/,
    ],
    [
      'of client authorities holds none',
      { clientCas: ['package.json'] },
      /^http\.tls\.clientcas\.0 = package\.json: it holds no/,
    ],
    [
      'is missing for clientauth',
      { clientAuth: 'require-and-verify' },
      /^http\.tls\.clientauth = require-and-verify: expected http\.tls\.clientcas/,
    ],
  ] as const) {
    it(`stop the start by name when one ${what}`, async () => {
      const { logger } = keepingLogger();
      const error = await open({ ...(first as Pair), ...files, logger }).then(
        () => 'it started',
        (reason: Error) => reason.message,
      );
      expect(error).to.match(message);
      expect(error).not.to.include('MIGH');
    });
  }

  it('hold no process up: with its listener closed it ends by itself', async () => {
    const program = `
      import { listen } from ${JSON.stringify(LISTEN)};
      const logger = { info() {}, warn() {}, error() {} };
      const tls = { certificate: process.argv[1], key: process.argv[2], logger };
      const listener = await listen((q, r) => r.end(), { host: '127.0.0.1', port: 0, tls });
      await listener.drain(1000);
      console.log('drained');`;
    const { certificate, key } = first as Pair;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program, certificate, key], {
      timeoutMs: 10_000,
    });
    expect(stdout).to.equal('drained\n');
  });
});
