/**
 * Promise: the specification's own suite passes, in its profile for the newest release and in that for the main
 * branch, and skips nothing but what is listed here. Where the suite cannot be had, the tests count as skipped and say
 * why, in CI too: nobody here can mend that, and `../roadstead.test.ts` holds the same scenarios.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type RunResult, run } from '../../support/process.ts';
import { startRegistry } from '../../support/registry.ts';
import { skipFor } from '../../support/requirements.ts';
import { type TempDir, tempDir } from '../../support/temp.ts';
import { OTHER_REPOSITORY, REPOSITORY } from '../profile.ts';
import { INSTALL_TIMEOUT_MS, type Installed, installOfficialSuite } from './install.ts';
import { type OfficialTest, parseJunit } from './junit.ts';

const RUN_TIMEOUT_MS = 5 * 60_000;
/** A suite that tests nothing finds nothing wrong either. */
const LEAST_PASSED: Readonly<Record<'1.1' | 'dev', number>> = { '1.1': 690, dev: 790 };

/** A MAY: bytes lie under their SHA-256, and only the repositories know another name (docs/decisions/0018-content-named-by-other-algorithms.md). */
const NO_ANONYMOUS_SHA512 = 'sha512 blobs/mount anonymous/blob-mount-anonymous';
/** All that each profile skips. */
const SKIPS: Readonly<Record<'1.1' | 'dev', readonly string[]>> = {
  '1.1': [
    // The suite itself leaves them out, since 1.1 does not have them; the other profile asks.
    'sha256 blobs/post cancel/blob-post-cancel',
    'sha512 blobs/post cancel/blob-post-cancel',
    NO_ANONYMOUS_SHA512,
  ],
  dev: [NO_ANONYMOUS_SHA512],
};
const ROOT = 'OCI Conformance Test/';

describe('the official conformance suite', () => {
  let directory: TempDir;
  let suite: Installed;
  before(async function () {
    this.timeout(INSTALL_TIMEOUT_MS + 10_000);
    directory = await tempDir('official');
    suite = await installOfficialSuite(directory.path);
  });
  after(() => directory[Symbol.asyncDispose]());

  for (const version of ['1.1', 'dev'] as const)
    it(`passes with OCI_VERSION=${version}`, async function () {
      this.timeout(RUN_TIMEOUT_MS + 30_000);
      if ('reason' in suite) return skipFor(this, suite.reason);
      const results = join(directory.path, version);
      const { tests, ended } = await runSuite(suite.program, version, results);
      const named = (...statuses: OfficialTest['status'][]) =>
        tests.filter(({ status }) => statuses.includes(status));
      const told = ({ name, reason }: OfficialTest) => `${name}: ${reason}`;
      const [passed, skipped, failed] = [named('passed'), named('skipped'), named('failure', 'error')];
      console.log(
        `      OCI_VERSION=${version}: ${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped of ${tests.length}`,
      );
      for (const each of skipped) console.log(`      skipped by the suite: ${told(each)}`);
      expect(failed.map(told)).to.deep.equal([]);
      // It ends with 0 only if it has found everything to pass.
      expect(ended.code, ended.stderr).to.equal(0);
      expect(skipped.map(({ name }) => name.replace(ROOT, ''))).to.have.members(SKIPS[version]);
      expect(passed).to.have.length.at.least(LEAST_PASSED[version]);
    });
});

/** Runs the suite against a new registry; its tests come from its own report. */
async function runSuite(
  program: string,
  version: string,
  results: string,
): Promise<{ tests: OfficialTest[]; ended: RunResult }> {
  await using cleanUp = new AsyncDisposableStack();
  const registry = cleanUp.use(await startRegistry({ promotion: false, delete: true }));
  const home = cleanUp.use(await tempDir('official-run'));
  const ended = await run(program, [], {
    env: {
      OCI_REGISTRY: registry.host,
      OCI_TLS: 'disabled',
      OCI_REPO1: REPOSITORY,
      OCI_REPO2: OTHER_REPOSITORY,
      OCI_VERSION: version,
      OCI_RESULTS_DIR: results,
    },
    // Where there is no oci-conformance.yaml that would have a say.
    cwd: home.path,
    timeoutMs: RUN_TIMEOUT_MS,
    allowFailure: true,
  });
  const tests = parseJunit(await readFile(join(results, 'junit.xml'), 'utf8'));
  return { tests, ended };
}
