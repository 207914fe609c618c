import type { Mutant } from '../mutant.ts';

const API = 'services/api/routes.ts';
const RELEASE = 'services/release/endpoints.ts';
const TOKEN = 'services/token/routes.ts';
const RULES = 'services/registry/access/rules.ts';
const STANDARD = 'services/registry/access/standard-rules.ts';
const routes = { tests: ['test/house/routes.test.ts', 'test/access/leaks.test.ts'] };
const rules = {
  tests: ['test/access/rules.test.ts', 'test/access/table.test.ts', 'test/access/docs.test.ts'],
};
const leaks = { tests: ['test/access/leaks.test.ts'] };
const guarded = { tests: ['test/attacks/guarded.test.ts'] };
const promotions = { tests: ['test/release/promotions.test.ts', 'test/access/leaks.test.ts'] };

const ofApi = (name: string, right: string): Mutant => ({
  ...routes,
  ...{ drops: `the right to ${right} (${name})`, file: API, replace: name },
  find: `${name}, requiredAccess: ${right}`,
});

const ofRule = (name: string, find: string, replace: string): Mutant => ({
  ...rules,
  ...{ drops: `the limits of the standard rule ${name}`, file: STANDARD, find, replace },
});

/** Rights: of each route, in each decision, and in the standard rules. */
export const OF_RIGHTS: readonly Mutant[] = [
  ofApi("method: 'GET', path: blob, name: 'blob'", 'pull'),
  ofApi("method: 'GET', path: manifest, name: 'manifest'", 'pull'),
  ofApi("method: 'PUT', path: manifest, name: 'manifest'", 'push'),
  ofApi("method: 'DELETE', path: manifest, name: 'manifest'", 'remove'),
  ofApi("method: 'POST', path: uploads, name: 'upload'", 'push'),
  ofApi("method: 'GET', path: upload, name: 'upload'", 'push'),
  ofApi("method: 'PATCH', path: upload, name: 'upload'", 'push'),
  ofApi("method: 'PUT', path: upload, name: 'upload'", 'push'),
  ofApi("method: 'DELETE', path: upload, name: 'upload'", 'push'),
  ofApi("method: 'DELETE', path: blob, name: 'blob'", 'remove'),
  ofApi("path: '/v2/*name/tags/list', name: 'tags'", 'pull'),
  ofApi("path: referrers, name: 'referrers'", 'pull'),
  ofApi("path: '/v2/_catalog', name: 'catalog'", 'catalog'),
  {
    ...routes,
    drops: 'more than pull for deletes',
    file: API,
    find: "onRepository('delete')",
    replace: "onRepository('pull')",
  },
  {
    ...routes,
    drops: 'more than pull for pushes',
    file: API,
    find: "onRepository('push')",
    replace: "onRepository('pull')",
  },
  {
    ...routes,
    drops: 'view',
    file: RELEASE,
    find: "const view = { method: 'GET', requiredAccess: onRegistry('view') } as const;",
    replace: "const view = { method: 'GET' } as const;",
  },
  {
    ...routes,
    drops: 'administer',
    file: TOKEN,
    find: "const administer = { requiredAccess: onRegistry('administer') } as const;",
    replace: 'const administer = {} as const;',
  },
  {
    ...rules,
    drops: 'the networks of rules',
    file: RULES,
    find: "if (!isFrom(subject.address)) return 'address';",
    replace: '',
  },
  {
    ...rules,
    drops: 'the actions of rules',
    file: RULES,
    find: "if (!rule.actions.includes(wanted.action)) return 'action';",
    replace: '',
  },
  {
    ...rules,
    drops: 'denials',
    file: RULES,
    find: "return { isAllowed: match?.rule.effect === 'allow', rule",
    replace: 'return { isAllowed: match !== undefined, rule',
  },
  {
    ...rules,
    drops: 'that actions on the registry take rules for all repositories',
    file: RULES,
    find: "if (wanted.type === 'registry') return isForAll(selector);",
    replace: "if (wanted.type === 'registry') return true;",
  },
  {
    ...rules,
    drops: 'names that nobody owns',
    file: RULES,
    find: 'if (template.startsWith(variable) && this.#reserved.has(value)) return undefined;',
    replace: '',
  },
  {
    ...rules,
    drops: 'that a name is one part',
    file: RULES,
    find: "if (!isRepositoryName(value) || value.includes('/')) return undefined;",
    replace: '',
  },
  {
    ...rules,
    drops: 'an unknown address in denials',
    file: RULES,
    find: "(isAddress(address) ? isFrom(address) : effect === 'deny')",
    replace: 'isAddress(address) && isFrom(address)',
  },
  {
    ...rules,
    drops: 'who is authenticated',
    file: 'services/registry/access/subject-match.ts',
    find: "return all(kind !== 'anonymous');",
    replace: 'return all(true);',
  },
  {
    ...rules,
    drops: 'the kind of a name',
    file: 'services/registry/access/subject-match.ts',
    find: 'return all(kind === pattern.kind && name === pattern.name);',
    replace: 'return all(name === pattern.name);',
  },
  {
    ...rules,
    drops: 'the project of a role',
    file: 'services/registry/access/subject-match.ts',
    find: ' && (pattern.project === undefined || pattern.project === project)',
    replace: '',
  },
  ofRule('operators', "'group:operators role:admin@admin', '**'", "'group:operators role:admin', '**'"),
  ofRule('releasers', "'group:releasers', '@candidates @stable'", "'authenticated', '@candidates @stable'"),
  ofRule('builders', "'group:builders', '@candidates'", "'group:builders', '@candidates @stable'"),
  ofRule('own', "'authenticated', '${user}/**'", "'authenticated', '**'"),
  ofRule('project-readers', "rule('project-readers', ['pull']", "rule('project-readers', ['pull', 'push']"),
  ofRule('public', "'everyone', '@stable'", "'everyone', '**'"),
  {
    ...leaks,
    drops: 'the repository of a blob',
    file: 'services/registry/content/reader.ts',
    find: 'this.#blobCache.get(`${name}@${digest}`,',
    replace: 'this.#blobCache.get(`${digest}`,',
  },
  {
    ...guarded,
    drops: 'the right to the source of a mount',
    file: 'services/api/push/uploads.ts',
    find: "return principal.decide({ type: 'repository', name: from, action: 'pull' }).isAllowed;",
    replace: 'return true;',
  },
  {
    ...promotions,
    drops: 'the right to the source of a promotion',
    file: 'services/release/promotions.ts',
    find: "    { type: 'repository', name: request.source.repository, action: 'pull' },\n",
    replace: '',
  },
  {
    tests: ['test/access/promoters.test.ts'],
    drops: 'the right to promote',
    file: 'services/release/promotions.ts',
    find: "    { type: 'repository', name: request.target.repository, action: 'promote' },\n",
    replace: '',
  },
  {
    ...promotions,
    drops: 'that stable changes by promotion only',
    file: 'services/api/writes.ts',
    find: '  refusePushToStable(node.policy, name);\n',
    replace: '',
  },
  {
    ...leaks,
    drops: 'the right to what is explained',
    file: RELEASE,
    find: "[...onRegistry('view')(ctx), ...pullOfAsked(ctx)]",
    replace: "onRegistry('view')(ctx)",
  },
];
