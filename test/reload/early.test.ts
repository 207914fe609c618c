/** Promise: SIGHUP while a process starts is not lost: it reloads as soon as the process has started. */
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

/** A process may have started before the test looks, when nothing is tried: then another one is started. */
const TRIES = 10;

describe('SIGHUP before the start has ended', function () {
  this.timeout(120_000);

  it('reloads after it', async () => {
    for (let left = TRIES; left > 0; left--) if (await reloadsEarly()) return;
    expect.fail(`each of ${TRIES} processes had started before the signal came`);
  });
});

/** Whether the signal came before the start had ended; fails if it did then nothing. */
async function reloadsEarly(): Promise<boolean> {
  await using home = await tempDir('early');
  const [path, log] = [join(home.path, 'config.yml'), join(home.path, 'log')];
  const config = {
    version: 0.1,
    // The warning about it is the first line of the log, before the store is opened.
    reporting: { newrelic: { name: 'x' } },
    storage: { filesystem: { rootdirectory: join(home.path, 'registry'), sync: false } },
    http: { addr: `127.0.0.1:${await freePort()}` },
  };
  await writeFile(path, stringify(config));
  const other = stringify({ ...config, http: { ...config.http, headers: { 'X-New': ['1'] } } });
  await using daemon = await startDaemon(process.execPath, [...CLI, 'serve', path], {
    logFile: log,
    ready: (output) => output.includes('"msg"'),
  });
  // Without a pause in between.
  writeFileSync(path, other);
  daemon.kill('SIGHUP');
  const messages = () => readFileSync(log, 'utf8');
  await eventually('it has reloaded', () => messages().includes('"reloaded the configuration"'));
  const [asked, listening, reloaded] = ['asked to reload', '"listening"', '"reloaded the'].map((text) =>
    messages().indexOf(text),
  ) as [number, number, number];
  if (asked > listening) return false;
  expect(reloaded).to.be.above(listening);
  const answer = await fetch(`http://${config.http.addr}/v2/`);
  expect(answer.headers.get('x-new')).to.equal('1');
  return true;
}
