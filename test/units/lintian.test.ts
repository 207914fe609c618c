/** Promise: the Debian package keeps Debian's rules, but for exceptions with a reason. */
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import { run } from '../support/process.ts';
import { nightly, requires } from '../support/requirements.ts';

const TIMEOUT_MS = 10 * 60_000;

// Half a processor's minute, most of it spent on the Node inside.
nightly(requires(['dpkg-deb', 'dpkg-shlibdeps', 'lintian']))('lintian', function () {
  this.timeout(TIMEOUT_MS);

  it('finds no error in the package', async () => {
    const { deb } = await artifacts(['deb']);
    const args = ['--allow-root', '--fail-on', 'error', deb];
    const { stdout, code } = await run('lintian', args, { allowFailure: true, timeoutMs: TIMEOUT_MS });
    const errors = stdout.split('\n').filter((line) => line.startsWith('E:'));
    expect({ code, errors }).to.deep.equal({ code: 0, errors: [] });
  });
});
