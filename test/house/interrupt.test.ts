/** Promise: whoever waits for `npm test` at a terminal sees how far it is, and after Ctrl-C what had passed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CTRL_C = '\x03';

/** `node test/run.ts` at a terminal of its own, to which `script` (bsdutils) passes what is typed. */
function atTerminal() {
  const command = `stty columns 200; exec '${process.execPath}' test/run.ts`;
  const shown = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: ROOT,
    // CI makes a program that is missing a failure; here nothing is to run to its end.
    env: { ...process.env, NO_INSTALL: '1', CI: '', TEST_RESULTS: undefined },
  });
  let text = '';
  shown.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return {
    screen: () => text,
    type: (keys: string) => shown.stdin.write(keys),
    closed: once(shown, 'close') as Promise<[number]>,
  };
}

describe('npm test at a terminal', function () {
  this.timeout(120_000);

  it('shows n of N tests and the time left, and ends on Ctrl-C with what had passed', async () => {
    const terminal = atTerminal();
    const progress = /[1-9]\d* of (\d+) tests · \d+:\d\d gone · about \d+:\d\d left/;
    await eventually(terminal.screen, () => progress.test(terminal.screen()), 90_000);
    const [, declared] = progress.exec(terminal.screen()) ?? [];
    terminal.type(CTRL_C);
    const [code] = await terminal.closed;
    expect(code).to.equal(130);
    const screen = terminal.screen();
    expect(screen).to.match(/not run, or not to the end: .*\bprotocol\b/);
    const last = /interrupted: (\d+) passed, (\d+) failed, (\d+) skipped, (\d+) not run\s*$/.exec(screen);
    expect(last, screen.slice(-2000)).to.not.equal(null);
    const [passed = 0, failed = 0, skipped = 0, notRun = 0] = (last ?? []).slice(1).map(Number);
    expect(passed).to.be.above(0);
    expect(passed + failed + skipped + notRun).to.be.at.least(Number(declared));
  });
});
