/** Promise: `garbage-collect` takes its switches as operators' scripts have them for Distribution, a Go program. */
import { expect } from 'chai';
import { withGoSwitches } from '../../services/cli/arguments.ts';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';

describe('switches with a value', () => {
  it('are set by what Go takes for true, and left out for false', () => {
    const args = ['-d=1', '--delete-untagged=true', '-m=T', '--quiet=false', '--dry-run=0', '-q', 'a=true'];
    expect(withGoSwitches(args)).to.deep.equal(['-d', '--delete-untagged', '-m', '-q', 'a=true']);
  });

  it('are refused when they say neither', async () => {
    expect(withGoSwitches(['--dry-run=yes'])).to.deep.equal(['--dry-run=yes']);
    const args = [...CLI, 'garbage-collect', '--dry-run=yes', '/nowhere.yml'];
    const { code, stderr } = await run(process.execPath, args, { allowFailure: true });
    expect(code).to.equal(1);
    expect(stderr).to.include('--dry-run=yes');
  });

  it('reach the command', async () => {
    const args = [...CLI, 'garbage-collect', '--dry-run=true', '-m=true', '/nowhere.yml'];
    const { stderr } = await run(process.execPath, args, { allowFailure: true });
    expect(stderr).to.include('/nowhere.yml cannot be used');
  });
});
