import { expect } from 'chai';
import type { Target } from './check.ts';
import type { Answer } from './client.ts';
import { expectStatus } from './expectations.ts';

/** Lists tags with these parameters, and holds the answer to the form that all have. */
export async function listTags(
  on: Target,
  repository: string,
  query: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  return tagsOf(await on.client.ask(`/v2/${repository}/tags/list`, { query }), repository);
}

/** What a list of tags holds. */
export function tagsOf(answer: Answer, repository: string): string[] {
  expectStatus(answer, 200);
  const { name, tags } = JSON.parse(answer.body.toString('utf8')) as { name: unknown; tags: unknown };
  expect(name).to.equal(repository);
  // Distribution's null is not a list, and nothing that the specification knows.
  expect(tags).to.be.an('array');
  return tags as string[];
}
