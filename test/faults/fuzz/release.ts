import type { Random } from '../random.ts';
import { type Case, caseOf, type Header } from './case.ts';
import { noName, unknownDigest } from './names.ts';
import type { Known } from './scene.ts';
import { anyBytes, oddParameter, oddValue, pick } from './texts.ts';

const PROMOTIONS = '/api/v1/promotions';

/** A promotion that cannot be: no JSON, wrong types, images that are none, or none that is there. */
export function oddPromotion(random: Random, known: Known): Case {
  const source = `${known.name}:${known.tag}`;
  const valid = { source, target: 'fuzz:1', dryRun: true };
  const odd = pick(random, ODD);
  const body = pick<() => string>(random, [
    () => anyBytes(random, 300),
    () => JSON.stringify(valid).slice(0, random.int(0, 20)),
    () => JSON.stringify({ ...valid, source: odd }),
    () => JSON.stringify({ ...valid, target: odd }),
    () => JSON.stringify({ ...valid, dryRun: pick(random, [1, 'true', null, [], {}]) }),
    () => JSON.stringify({ ...valid, waitMirrors: pick(random, [1, -1, 1.5, '1', null, 1e300, 10_001]) }),
    () => JSON.stringify({ ...valid, waitTimeoutMs: pick(random, [-1, 0.5, 'x', null, 1e15]) }),
    () => JSON.stringify({ ...valid, actor: pick(random, [5, null, {}, 'x'.repeat(201)]) }),
    () => JSON.stringify({ ...valid, unknown: 1 }),
    () => JSON.stringify({ ...valid, source: `${known.name}@${unknownDigest(random)}` }),
    () => JSON.stringify({ ...valid, target: `fuzz@${unknownDigest(random)}` }),
    () => JSON.stringify({ ...valid, target: `${known.name}:1` }),
    () => JSON.stringify({ ...valid, source: 'fuzz:1' }),
    () =>
      JSON.stringify({
        ...valid,
        source: oddValue(random)
          .slice(0, 500)
          .replace(/^candidate/, ''),
      }),
    () => `{"__proto__":${JSON.stringify(valid)}}`,
    () => `{"source":"${'x'.repeat(70_000)}"}`,
    () => '['.repeat(30_000),
  ])();
  const headers: Header[] = [['Content-Type', 'application/json']];
  return caseOf({ method: 'POST', target: PROMOTIONS, headers, body });
}

const ODD: readonly unknown[] = [
  ...[
    null,
    5,
    true,
    [],
    {},
    '',
    ':',
    '@',
    'a:',
    ':a',
    'A',
    'a@',
    'a@sha256:',
    'a:b:c',
    '../x:1',
    'x'.repeat(601),
  ],
  ...['candidate/nothing:1', 'candidate/fuzz:nothing', '\0', 'ä', '\ud800', ['candidate/fuzz:known']],
];

/** Other requests to the release service that cannot be followed. */
export function oddReleaseRequest(random: Random, known: Known): Case {
  const digest = known.image.digest;
  const [method, target, type] = pick<() => readonly [string, string, string?]>(random, [
    () => [
      'POST',
      PROMOTIONS,
      pick(random, ['text/plain', '', 'application/jsonp', 'multipart/form-data', 'x']),
    ],
    () => ['GET', `/api/v1/publications?limit=${pick(random, ['-1', 'x', '1e9', '%00', ''])}`],
    () => ['GET', `/api/v1/publications?before=${pick(random, ['-1', 'x', '1.5', '%ff', '9'.repeat(30)])}`],
    () => ['GET', '/api/v1/publications?limit=1&limit=2'],
    () => [
      'GET',
      `/api/v1/publications/${pick(random, ['0', '-1', 'x', '1.5', '%00', '..', '9'.repeat(30), '1e1', '7'])}`,
    ],
    () => ['GET', '/api/v1/explain'],
    () => ['GET', `/api/v1/explain?repository=${noName(random, known)}`],
    () => ['GET', `/api/v1/explain?repository=${known.name}&digest=sha256:x`],
    () => [
      'GET',
      `/api/v1/explain?repository=${known.name}&digest=${digest}&client=x${oddParameter(random)}`,
    ],
    () => [
      'GET',
      `/api/v1/${pick(random, ['', 'x', '..', '%2e%2e', 'status/', 'STATUS', '%00', 'promotions'])}`,
    ],
  ])();
  const body =
    method === 'POST' ? { body: '{"source":"candidate/fuzz:known","target":"x:1","dryRun":true}' } : {};
  return caseOf({ method, target, headers: type === undefined ? [] : [['Content-Type', type]], ...body });
}
