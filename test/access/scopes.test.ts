/**
 * Promise: scopes mean what Distribution's specification says, are read back as they are printed, and whatever is none
 * asks for nothing.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type AccessRequest,
  parseScopes,
  printScopes,
  REGISTRY_ACTIONS,
  REPOSITORY_ACTIONS,
} from '../../services/registry/access/access-request.ts';
import { isRepositoryName } from '../../services/registry/oci/names.ts';
import { anyText, repositoryName } from '../unit/arbitraries.ts';

const wanted: fc.Arbitrary<AccessRequest> = fc.oneof(
  fc.record({
    type: fc.constant('repository' as const),
    name: repositoryName,
    action: fc.constantFrom(...REPOSITORY_ACTIONS),
  }),
  fc.record({ type: fc.constant('registry' as const), action: fc.constantFrom(...REGISTRY_ACTIONS) }),
);
const key = (each: AccessRequest) =>
  JSON.stringify([each.type, each.type === 'repository' && each.name, each.action]);
const keys = (all: readonly AccessRequest[]) => [...new Set(all.map(key))].sort();
const read = (...texts: string[]) => parseScopes(texts).map((each) => printScopes([each]));

describe('scopes', () => {
  it('are read as they are printed, in one parameter or in many', () => {
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 40 }), (all) => {
        expect(keys(parseScopes([printScopes(all)]))).to.deep.equal(keys(all));
        expect(keys(parseScopes(all.map((each) => printScopes([each]))))).to.deep.equal(keys(all));
      }),
    );
  });

  for (const [texts, meant] of [
    [['repository:a/b:pull,push'], ['repository:a/b:pull', 'repository:a/b:push']],
    [['repository:a:pull repository:b:pull'], ['repository:a:pull', 'repository:b:pull']],
    [
      ['repository:a:pull', 'repository:a:push'],
      ['repository:a:pull', 'repository:a:push'],
    ],
    [['repository:a:pull', 'repository:a:pull,pull', 'repository:a:pull'], ['repository:a:pull']],
    [['repository:a:*'], REPOSITORY_ACTIONS.map((action) => `repository:a:${action}`)],
    [['repository(plugin):a:pull'], ['repository:a:pull']],
    [['registry:catalog:*'], ['registry:catalog:*']],
    [
      ['registry:release:view', 'registry:access:administer'],
      ['registry:release:view', 'registry:access:administer'],
    ],
    [['  repository:a:pull  '], ['repository:a:pull']],
    [['repository:a:fly,pull'], ['repository:a:pull']],
  ] as const)
    it(`such as ${JSON.stringify(texts)} ask for ${meant.join(' ')}`, () => {
      expect(read(...texts)).to.have.members([...meant]);
    });

  for (const text of [
    ...['', ' ', ':', '::', '*', '*:*:*', 'repository', 'repository:', 'repository::', 'repository::pull'],
    ...['repository:a', 'repository:a:', 'repository:a:PULL', 'Repository:a:pull', 'repository:A:pull'],
    ...[
      'repository:*:pull',
      'repository:a/*:*',
      'repository:**:*',
      'repository:../a:pull',
      'repository:a/../b:pull',
    ],
    ...['repository:a%2fb:pull', 'repository:a//b:pull', 'repository:/a:pull', 'repository:a/:pull'],
    ...[
      'repository:a\tb:pull',
      'repository:a\0:pull',
      'repository:a\n:pull',
      'repository(:a:pull',
      'repository():a:pull',
    ],
    ...[
      'repository:host.example:5000/a:pull',
      `repository:${'a'.repeat(256)}:pull`,
      'repository:a:pull:',
      'a:a:pull',
    ],
    ...['registry:*:*', 'registry:catalog:pull', 'registry:access:*', 'registry:release:*', 'registry::*'],
    ...['registry:catalog:administer', 'registry:constructor:*', 'registry:__proto__:*', 'robot:x:pull'],
  ])
    it(`such as ${JSON.stringify(text.slice(0, 60))} ask for nothing`, () => {
      expect(parseScopes([text])).to.deep.equal([]);
    });

  it('of any text ask for nothing but what it says', () => {
    const near = fc
      .array(
        fc.constantFrom(
          ...[
            'repository',
            'registry',
            'catalog',
            ':',
            ',',
            ' ',
            '*',
            'a',
            '/',
            'pull',
            'push',
            '..',
            '(',
            ')',
            '%2f',
          ],
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(fc.oneof(anyText, near), { maxLength: 4 }), (texts) => {
        for (const each of parseScopes(texts)) {
          const [resource, action] = [printScopes([each]).replace(/:[^:]*$/, ''), each.action];
          if (each.type === 'repository') expect(isRepositoryName(each.name)).to.equal(true);
          const name = each.type === 'repository' ? each.name : resource.split(':')[1];
          const spelled = texts.some((text) =>
            text
              .split(' ')
              .some((scope) => scope.includes(`:${name}:`) && /^(repository|registry)/.test(scope)),
          );
          expect(spelled, `${action} of ${resource} in ${JSON.stringify(texts)}`).to.equal(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('beyond a hundred are not read', () => {
    const many = Array.from({ length: 5000 }, (_, i) => `repository:r${i}:pull`);
    expect(parseScopes([many.join(' ')])).to.have.length(100);
    expect(parseScopes(many)).to.have.length(100);
  });
});
