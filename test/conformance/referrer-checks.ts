import { expect } from 'chai';
import { type Check, check, type Target, Unsupported } from './check.ts';
import type { Answer } from './client.ts';
import { type Descriptor, TYPES } from './content.ts';
import type { DataSet } from './data-set.ts';
import { expectStatus } from './expectations.ts';
import { REPOSITORY } from './profile.ts';

/** Asks for a list of referrers, whatever the answer. */
export function askForReferrers(
  on: Target,
  repository: string,
  subject: string,
  artifactType?: string,
): Promise<Answer> {
  const query = artifactType === undefined ? {} : { artifactType };
  return on.client.ask(`/v2/${repository}/referrers/${subject}`, { query });
}

/** Holds an answer to be an index, and returns what it lists ("Listing Referrers"). */
export function expectReferrers(answer: Answer): Descriptor[] {
  expectStatus(answer, 200);
  expect(answer.get('content-type')).to.equal(TYPES.index);
  const json = JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>;
  expect(json['schemaVersion']).to.equal(2);
  expect(json['mediaType']).to.equal(TYPES.index);
  expect(json['manifests']).to.be.an('array');
  return json['manifests'] as Descriptor[];
}

/** What a set's subjects are referred to by: exactly what was pushed, all that the specification has told of each. */
export function referrerChecks({ referrers, manifests }: DataSet): Check[] {
  return [...referrers].map(([subject, goal]) => {
    const label = manifests.find(({ digest }) => digest === subject)?.label ?? 'subject that is not there';
    return check(`of the ${label} are ${goal.length || 'none'}`, async (on) => {
      const listed = expectReferrers(await askForReferrers(on, REPOSITORY, subject));
      expect(byDigest(listed)).to.deep.equal(byDigest(goal));
    });
  });
}

/** The same lists, a type at a time. */
export function filterChecks({ referrers }: DataSet): Check[] {
  const types = new Set([...referrers.values()].flat().flatMap(({ artifactType }) => artifactType ?? []));
  return [...types, 'application/vnd.example.unheard-of'].map((type) =>
    check(`of the type ${type}`, async (on) => {
      for (const [subject, goal] of referrers) {
        const answer = await askForReferrers(on, REPOSITORY, subject, type);
        const listed = expectReferrers(answer);
        const filters = answer.all('oci-filters-applied').flatMap((line) => line.split(/ *, */));
        if (!filters.includes('artifactType')) {
          // Without the filter, which is only a SHOULD, the whole list is right.
          expect(byDigest(listed)).to.deep.equal(byDigest(goal));
          throw new Unsupported('the list is not filtered');
        }
        expect(byDigest(listed)).to.deep.equal(byDigest(goal.filter((each) => each.artifactType === type)));
      }
    }),
  );
}

function byDigest(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...descriptors].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
