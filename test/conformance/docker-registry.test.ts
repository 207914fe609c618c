/**
 * Promise: the suite of `suite.ts` can fail. Held against Debian's docker-registry (Distribution 2.8), it finds what
 * that is known to lack, and nothing else.
 */
import { expect } from 'chai';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { type Outcome, runChecks } from './check.ts';
import { Client } from './client.ts';
import type { Profile } from './profile.ts';
import { conformance } from './suite.ts';

const RUN_TIMEOUT_MS = 120_000;

/** What it lacks, and the checks that must all find that. */
const LACKS: Readonly<Record<string, RegExp>> = {
  'a referrers API': /^an empty registry › has (an empty|no) list of referrers|› (referrers|after that) › /,
  'OCI-Subject':
    /tells the subject that it was given|› of the .* as (SBOM|signature|attached|index-of-artifacts)$/,
  '416 for chunks out of order': /› fed out of order/,
  '416 with a body as long as it says': /^sha\d+ ranges › .* cannot be satisfied$/,
  'blobs under sha512':
    /^sha512 blobs › (?!mounted from a repository)(.* › )?(are created, with a Location|exist$|are pulled)|^(tag-param-)?sha512 › (push|HEAD|GET) › of the (config|layer)/,
  'mounts of sha512 blobs': /^sha512 blobs › mounted from a repository › (?!are deleted there)/,
  'the digest of mounted sha512 blobs': /^sha512 blobs › mounted from wherever they are › stay where/,
  'manifests under sha512':
    /^(tag-param-)?sha512 › (push|HEAD|GET|DELETE) › of the (\w+ image|index)( by digest|, which|$)/,
  'a single POST': /› in a single POST › /,
  'anonymous mounts': /^sha\d+ blobs › mounted from wherever they are › are created/,
  'an ear for the algorithm told': /› are refused with the POST that tells an algorithm unheard of$/,
  'deletes of tags': /› DELETE › of the tag |^tags › (are moved|go with)/,
  'lists of tags in parts':
    /^tags › are (listed .* at a time|none, and no Link|listed after)|› tag list › goes on/,
  'layers that are elsewhere':
    /^non-distributable-layers › ((push|HEAD|GET|DELETE) › of the (image|tag)|tag list)/,
  'tags pushed as parameters':
    /^tag-param-sha\d+ › (.* tells the tags|tag list|(HEAD|GET) › of the tag)|with many tags › are given ten/,
  '400 for a digest that is none': /^manifests › bad-digest-image › is (refused|not found) under sha\d+:/,
  '413 for what is too large': /refused with 413$/,
};

/** Found by some runs only: it lists tags in the order of the directory. */
const BY_CHANCE = /› tag list › names what was tagged, in order$|^tags › are listed in order$/;

requires(['docker-registry'])('the conformance suite, held against docker-registry', () => {
  let directory: TempDir;
  let registry: Distribution;
  let outcomes: Outcome[];
  before(async function () {
    this.timeout(RUN_TIMEOUT_MS);
    directory = await tempDir('distribution-store');
    registry = await startDistribution('docker-registry', directory.path);
    await using client = new Client(registry.url);
    const profile: Profile = { version: 'dev' };
    const all = conformance(profile);
    const within = `${all.title} › `;
    outcomes = (await runChecks(all, { client, profile })).map(({ path, ...rest }) => ({
      path: path.slice(within.length),
      ...rest,
    }));
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const told = ({ path, result, reason }: Outcome) => `${path}: ${result} ${reason}`;

  for (const [what, pattern] of Object.entries(LACKS))
    it(`finds that it lacks ${what}`, () => {
      const found = outcomes.filter(({ path }) => pattern.test(path) && !BY_CHANCE.test(path));
      expect(found).not.to.have.length(0);
      expect(found.filter(({ result }) => result === 'passed').map(told)).to.deep.equal([]);
    });

  it('finds nothing else, in many more checks', () => {
    const known = [...Object.values(LACKS), BY_CHANCE];
    const others = outcomes.filter(({ path }) => !known.some((pattern) => pattern.test(path)));
    expect(others.filter(({ result }) => result !== 'passed').map(told)).to.deep.equal([]);
    expect(others).to.have.length.above(700);
  });

  it('names every check differently', () => {
    const paths = outcomes.map(({ path }) => path);
    expect(paths.filter((path, at) => paths.indexOf(path) !== at)).to.deep.equal([]);
  });
});
