import { expect } from 'chai';
import { circlesIn } from './circles.ts';
import { filesOf, importsOf, textOf } from './source.ts';

/**
 * The rule that shows the architecture (docs/architecture.md): each process is a folder of services/ that one file
 * assembles; the other folders are libraries. Imports run one way: process → http → registry ← stores and accounts.
 */

const MODULES = filesOf('services/**/*.ts');
/** The processes, and the file that assembles each. */
const ASSEMBLIES: ReadonlyMap<string, string> = new Map([
  ['api', 'services/api/app.ts'],
  ['cli', 'services/cli/main.ts'],
  ['release', 'services/release/app.ts'],
  ['serve', 'services/serve/serve.ts'],
  ['sync', 'services/sync/start.ts'],
  ['token', 'services/token/app.ts'],
]);
/** `serve` puts processes together: their services, again at each reload, and what lives longer. */
const SERVE = ['services/serve/serve.ts', 'services/serve/services.ts'];
/** What services remember over a reload. */
const MEMORIES = ['services/api/memory.ts', 'services/release/memory.ts'];
const PROCESSES = new Set(ASSEMBLIES.keys());

/** Which folders of services/ a folder may import, besides itself. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  registry: [],
  openstack: [],
  files: [],
  memory: ['registry'],
  redis: ['registry', 'memory'],
  stores: ['registry', 'openstack', 'files', 'redis', 'memory'],
  accounts: ['registry', 'openstack', 'files'],
  config: ['registry', 'files'],
  http: ['registry', 'files'],
  mirrors: ['registry', 'http'],
};
const PROCESS_MAY = ['registry', 'config', 'http', 'files', 'mirrors'];

/** Packages and built-ins that the registry library may use: none of them does I/O. */
const REGISTRY_MAY =
  /^(node:crypto|node:stream|node:timers\/promises|zod|lru-cache|p-map|hash-wasm|ipaddr\.js)$/;

/**
 * The floors of the registry library, from the ground up: a file there imports from its own room and from those named
 * before it.
 */
const FLOORS = [
  'runtime',
  'oci',
  'storage',
  'audit',
  'access',
  'notifications',
  'content',
  'publishing',
  'garbage',
  'check',
  'backup',
];

/** Which imports each module of services/ has of its others. */
const IMPORTS = new Map(
  MODULES.map((path) => [
    path,
    importsOf(path, textOf(path)).filter((target) => target.startsWith('services/')),
  ]),
);

function floorOf(path: string): number {
  return FLOORS.indexOf(path.split('/')[2] ?? '');
}

/** Whether an import of the registry library runs up, from a lower floor to a higher one. */
function runsUp(path: string, target: string): boolean {
  return folderOf(path) === 'registry' && folderOf(target) === 'registry' && floorOf(path) < floorOf(target);
}

function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** What is wrong with one import; undefined when it may be. */
function violation(path: string, target: string): string | undefined {
  const from = folderOf(path);
  if (!target.startsWith('services/')) {
    if (from === 'registry' && !REGISTRY_MAY.test(target))
      return `${path}: the registry library imports ${target}`;
    return undefined;
  }
  const to = folderOf(target);
  if (from === to) return undefined;
  if (to === 'stores' || to === 'accounts') {
    return path === ASSEMBLIES.get(from) || SERVE.includes(path)
      ? undefined
      : `${path}: only the file that assembles a process imports ${to}`;
  }
  if (!PROCESSES.has(from)) {
    return LIBRARIES[from]?.includes(to) ? undefined : `${path}: the library ${from} imports ${to}`;
  }
  if (!PROCESSES.has(to)) return PROCESS_MAY.includes(to) ? undefined : `${path}: imports ${to}`;
  // Two modules put processes together; the command starts them, and speaks the release service's language.
  if (SERVE.includes(path) && (target === ASSEMBLIES.get(to) || MEMORIES.includes(target))) return undefined;
  if (from === 'cli' && to === 'serve') return undefined;
  if (from === 'cli' && target === 'services/release/schemas.ts') return undefined;
  return `${path}: the process ${from} imports the process ${to}`;
}

describe('imports', () => {
  it('run one way: process → http → registry ← stores', () => {
    const violations = MODULES.flatMap((path) =>
      importsOf(path, textOf(path)).flatMap((target) => violation(path, target) ?? []),
    );
    expect(violations).to.deep.equal([]);
  });

  it('are all found, and each folder is a process or a library', () => {
    const folders = new Set([...PROCESSES, ...Object.keys(LIBRARIES)]);
    expect(MODULES.filter((path) => !folders.has(folderOf(path)))).to.deep.equal([]);
    expect([...ASSEMBLIES.values()].filter((path) => !MODULES.includes(path))).to.deep.equal([]);
    expect([...IMPORTS.values()].flat()).to.have.length.above(1000);
  });

  it('run down inside the registry library, floor by floor', () => {
    const strangers = MODULES.filter((path) => folderOf(path) === 'registry' && floorOf(path) < 0);
    expect(strangers, 'on no floor').to.deep.equal([]);
    const up = [...IMPORTS].flatMap(([path, targets]) =>
      targets.filter((target) => runsUp(path, target)).map((target) => `${path} → ${target}`),
    );
    expect(up).to.deep.equal([]);
    expect(
      runsUp('services/registry/content/made-up.ts', 'services/registry/publishing/publication/log.ts'),
    ).to.equal(true);
  });

  it('form no circle of files', () => {
    expect(circlesIn(IMPORTS)).to.deep.equal([]);
  });

  for (const [path, source] of [
    ['services/registry/made-up.ts', "import { open } from 'node:fs/promises';"],
    ['services/registry/made-up.ts', "import type { App } from '../http/app.ts';"],
    ['services/api/made-up.ts', "import { openStores } from '../stores/open.ts';"],
    ['services/api/made-up.ts', "export { x } from '../sync/worker.ts';"],
    ['services/cli/made-up.ts', "const x = await import('../api/main.ts');"],
    ['services/http/made-up.ts', "import {\n  a,\n  b,\n} from '../config/load.ts';"],
  ] as const) {
    it(`are refused where they run the other way: ${source.replaceAll('\n', ' ')} in ${path}`, () => {
      const found = importsOf(path, source).map((target) => violation(path, target));
      expect(found).to.have.lengthOf(1);
      expect(found[0]).to.be.a('string');
    });
  }
});
