import fc from 'fast-check';
import type { Subject } from '../../services/registry/access/subject.ts';
import type { RuleText, WorldText } from './twin.ts';

/** Names that differ by little, that are none of repositories, or that mean something elsewhere. */
const name = fc.constantFrom(
  ...['a', 'b', 'ab', 'a.b', 'A', 'a/b', '*', '**', 'a@x', '$&', '${user}', '${project}', 'candidate'],
  ...['constructor', '__proto__', 'robot', 'é', 'a b', 'a:b', '-', 'a-'],
);
const plainName = fc.constantFrom('a', 'b', 'ab', 'x', 'constructor');
const role = fc.constantFrom('member', 'admin', 'reader', 'constructor');

const subject = fc.oneof(
  fc.constantFrom('everyone', 'anonymous', 'authenticated'),
  fc.tuple(fc.constantFrom('user', 'robot', 'group', 'project'), name).map(([kind, of]) => `${kind}:${of}`),
  role.map((of) => `role:${of}`),
  fc.tuple(role, name).map(([of, project]) => `role:${of}@${project}`),
);

const patternPart = fc.constantFrom('a', 'b', 'ab', 'candidate', 'x', '*', '**');
const pattern = fc.array(patternPart, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const template = fc
  .tuple(
    fc.constantFrom('${user}', '${project}'),
    fc.array(patternPart, { maxLength: 1 }),
    fc.array(patternPart, { maxLength: 2 }),
  )
  .map(([variable, before, after]) => [...before, variable, ...after].join('/'));
const selector = fc.oneof(pattern, template, fc.constantFrom('@candidates', '@stable', '**'));

const network = fc.oneof(
  fc.constantFrom('0.0.0.0/0', '::/0', '10.0.0.0/8', '10.128.0.0/9', '10.1.2.3/32', '2001:db8::/32'),
  fc.constantFrom('::ffff:10.0.0.0/104', '::1/128', '192.0.2.0/24'),
);

/** Any address that a connection may come from, in any notation, and none at all. */
const address = fc.constantFrom(
  ...['10.1.2.3', '10.200.0.1', '192.0.2.7', '::ffff:10.1.2.3', '2001:db8::7', '::1', '', 'nowhere'],
);

const OF_REPOSITORIES = ['pull', 'push', 'delete', 'promote'];
const OF_REGISTRY = ['catalog', 'view', 'administer'];

const rule: fc.Arbitrary<Omit<RuleText, 'name'>> = fc
  .record({
    isDenied: fc.boolean(),
    actions: fc.uniqueArray(fc.constantFrom(...OF_REPOSITORIES, ...OF_REGISTRY, '*'), {
      minLength: 1,
      maxLength: 4,
    }),
    subjects: fc.array(subject, { minLength: 1, maxLength: 3 }),
    networks: fc.option(fc.array(network, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    repositories: fc.option(fc.array(selector, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  })
  .map(({ isDenied, actions, subjects, networks, repositories }) => {
    const isNarrow = repositories !== undefined && !repositories.includes('**');
    const own = isNarrow ? actions.filter((action) => !OF_REGISTRY.includes(action)) : actions;
    const named = own.length > 0 ? own : ['pull'];
    return {
      ...(isDenied ? { deny: named } : { allow: named }),
      ...(networks && { networks }),
      ...(repositories && { repositories }),
      subjects,
    };
  });

const member = subject.filter((text) => !text.startsWith('group:'));

/** Any rules that a file may hold. */
export const world: fc.Arbitrary<WorldText> = fc.record({
  rules: fc
    .array(rule, { minLength: 1, maxLength: 6 })
    .map((rules) => rules.map((each, i) => ({ ...each, name: `rule ${i}` }))),
  // `__proto__` is refused as a group's name, as it is everywhere in a file.
  groups: fc.dictionary(
    name.filter((of) => of !== '__proto__'),
    fc.array(member, { maxLength: 3 }),
    { maxKeys: 3 },
  ),
  candidates: fc.array(pattern, { minLength: 1, maxLength: 2 }),
  stable: fc.option(fc.array(pattern, { minLength: 1, maxLength: 2 }), { nil: undefined }),
});

/** Anybody. */
export const person: fc.Arbitrary<Subject> = fc.oneof(
  address.map((from) => ({
    ...{ kind: 'anonymous' as const, name: '', groups: [], memberships: [], address: from },
  })),
  fc.record({
    kind: fc.constant('user' as const),
    name,
    groups: fc.array(name, { maxLength: 2 }),
    memberships: fc.array(fc.record({ project: name, roles: fc.array(role, { maxLength: 2 }) }), {
      maxLength: 3,
    }),
    address,
  }),
  fc.record({
    kind: fc.constant('robot' as const),
    name: plainName.map((of) => `robot+${of}`),
    groups: fc.array(name, { maxLength: 2 }),
    memberships: fc.constant([]),
    address,
  }),
);

/** A repository's name that differs by little from what patterns say. */
export const repository = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'a.b', 'candidate', 'x', 'constructor', 'robot'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join('/'));

/** An action, and what it is done to. */
export const deed: fc.Arbitrary<readonly [action: string, repository: string | undefined]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...OF_REPOSITORIES), repository) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...OF_REGISTRY), fc.constant(undefined)) },
);
