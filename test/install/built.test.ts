/** Promise: two builds give the same bytes, and a bill of materials in CycloneDX's format says what is in them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KINDS = ['npm', 'tarball', 'deb', 'rpm'] as const;

requires(['flock', 'npm', 'dpkg-deb', 'dpkg-shlibdeps', 'rpmbuild'])('what is built', function () {
  this.timeout(600_000);
  const held = new AsyncDisposableStack();
  let built: Record<(typeof KINDS)[number], string>;

  before(async () => {
    built = await artifacts(KINDS);
  });
  after(() => held.disposeAsync());

  it('has the same bytes when it is built again', async () => {
    const again = held.use(await tempDir('again')).path;
    const args = ['infra/build/main.ts', '--only', KINDS.join(), '--out', again];
    const env = { ROADSTEAD_BUILD: 'quick' };
    await run(process.execPath, args, { cwd: ROOT, env, timeoutMs: 500_000 });
    for (const file of Object.values(built)) {
      const [first, second] = [
        await readFile(file),
        await readFile(join(again, file.split('/').at(-1) ?? '')),
      ];
      expect(first.equals(second), file).to.equal(true);
    }
  });

  for (const kind of KINDS)
    it(`has a valid bill of materials: ${kind}`, async () => {
      const text = await readFile(`${built[kind]}.cdx.json`, 'utf8');
      const problem = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
      expect(problem).to.equal(null);
      expect(text)
        .to.include('pkg:npm/koa@')
        .and.include('pkg:npm/bcrypt@')
        .and.not.include('pkg:npm/mocha@');
      expect(text.includes('cpe:2.3:a:nodejs:node.js:')).to.equal(kind !== 'npm');
    });
});
