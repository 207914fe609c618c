import { expect } from 'chai';
import type { Target } from './check.ts';
import type { Answer } from './client.ts';
import { requiresDigest } from './profile.ts';

/** Holds an answer to one of these statuses. */
export function expectStatus(answer: Answer, ...statuses: readonly number[]): void {
  expect(statuses, `${answer.status} ${answer.body.toString('utf8', 0, 300)}`).to.include(answer.status);
}

/** Holds a digest that is told to be the one asked for; whether it must be told depends on the profile. */
export function expectDigestHeader(
  on: Target,
  answer: Answer,
  digest: string,
  { isRequired = true } = {},
): void {
  const told = answer.get('docker-content-digest');
  if (told === undefined && !(isRequired && requiresDigest(on.profile))) return;
  expect(told, 'Docker-Content-Digest').to.equal(digest);
}

/** Holds a body to be these bytes. No diff is printed: they may be megabytes. */
export function expectBody(answer: Answer, bytes: Buffer): void {
  const same = answer.body.equals(bytes);
  expect(same, `the ${bytes.length} bytes that were pushed, not ${answer.body.length} others`).to.equal(true);
  expect(answer.get('content-length'), 'Content-Length').to.equal(String(bytes.length));
}

/** The URL in an answer's Location, which may be relative. */
export function locationOf(answer: Answer): URL {
  const location = answer.get('location');
  expect(location, 'Location').to.be.a('string').that.is.not.empty;
  return new URL(location as string, answer.url);
}

/** Holds the Location of something created to be a place to pull it from ("a pullable blob URL"). */
export async function expectPullable(
  on: Target,
  created: Answer,
  bytes: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const pulled = await on.client.ask(locationOf(created), { headers });
  expectStatus(pulled, 200);
  expectBody(pulled, bytes);
  return pulled;
}
