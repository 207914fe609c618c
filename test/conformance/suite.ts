import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { type Algorithm, digestBy } from '../support/digest.ts';
import { blobChecks } from './blob-checks.ts';
import { check, type Group, group, Unsupported } from './check.ts';
import { dataSetChecks } from './data-set-checks.ts';
import { dataSets } from './data-sets.ts';
import { expectStatus } from './expectations.ts';
import { manifestChecks } from './manifest-checks.ts';
import { OTHER_REPOSITORY, type Profile, REPOSITORY } from './profile.ts';
import { rangeChecks } from './range-checks.ts';
import { askForReferrers, expectReferrers } from './referrer-checks.ts';
import { sessionChecks } from './session-checks.ts';
import { tagChecks } from './tag-checks.ts';

/**
 * The OCI distribution specification as checks, in the order in which they build on one another. Written from its
 * text (main branch, 967efdc), with the official suite's scenarios as the list of what to cover. Each call makes new
 * content, so that it can be run on a registry that has seen another.
 */
export function conformance(profile: Profile): Group {
  const algorithms: Algorithm[] = ['sha256', 'sha512'];
  return group(`OCI distribution specification, ${profile.version}`, [
    beginnings(),
    ...algorithms.flatMap((algorithm) => [
      blobChecks(algorithm, profile),
      sessionChecks(algorithm, profile),
      rangeChecks(algorithm),
    ]),
    ...dataSets(profile).map(dataSetChecks),
    tagChecks(),
    manifestChecks(profile),
    everyAnswer(profile),
  ]);
}

/** What a registry says before anything was pushed. */
function beginnings(): Group {
  return group('an empty registry', [
    check('is one that implements this specification', async (on) => {
      expectStatus(await on.client.ask('/v2/'), 200);
    }),
    check('has no tags in a repository that nobody has pushed to', async (on) => {
      const answer = await on.client.ask(`/v2/${REPOSITORY}/tags/list`);
      expectStatus(answer, 200, 404);
      if (answer.status === 200) expect(JSON.parse(answer.body.toString('utf8')).tags).to.deep.equal([]);
    }),
    ...(['sha256', 'sha512'] as const).map((algorithm) =>
      check(`has an empty list of referrers for a ${algorithm} digest that nobody knows`, async (on) => {
        const subject = digestBy(algorithm, newBytes(9));
        expect(expectReferrers(await askForReferrers(on, REPOSITORY, subject))).to.deep.equal([]);
      }),
    ),
    ...['sha256:baddigeststring', 'latest', `sha256:${'g'.repeat(64)}`].map((subject) =>
      check(`has no list of referrers for ${subject.slice(0, 22)}, which is no digest`, async (on) => {
        const answer = await askForReferrers(on, REPOSITORY, subject);
        if (answer.status === 404) throw new Unsupported('no referrers API');
        expectStatus(answer, 400);
      }),
    ),
    check('has no blob under what is no digest', async (on) => {
      expectStatus(await on.client.ask(`/v2/${REPOSITORY}/blobs/sha256:baddigeststring`), 400, 404);
    }),
    check('takes no uploads for what is no name', async (on) => {
      const answer = await on.client.ask('/v2/Conformance/-x/blobs/uploads/', { method: 'POST' });
      expectStatus(answer, 400, 404);
    }),
  ]);
}

/** What holds for all the answers that the checks before have had. */
function everyAnswer({ ownErrorCodes = [] }: Profile): Group {
  const without = (kind: string, except: readonly string[] = []) =>
    check(`has no ${kind} that is not as specified`, async ({ client }) => {
      const found = client.complaints.filter((complaint) => complaint.includes(`: ${kind} `));
      const kept = found.filter(
        (complaint) => !except.some((name) => complaint.endsWith(`: ${kind} ${name}`)),
      );
      expect(client.answers).to.be.above(100);
      expect(kept).to.deep.equal([]);
    });
  return group(`every answer, about ${REPOSITORY} and ${OTHER_REPOSITORY}`, [
    without('warning'),
    without('shape'),
    without('code', ownErrorCodes),
  ]);
}
