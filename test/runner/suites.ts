/**
 * The table of the test suites: in which tier each runs, beside what, for how long, and with which Debian packages.
 * `test/house/suites.test.ts` holds that every test file is in exactly one of them.
 */

/** `npm test` runs the short tier, `npm run test:all` the rest. */
export type Tier = 'short' | 'rest';

/** Lanes run side by side, the suites of a lane one after the other. */
export const LANES = {
  /** Suites that measure times, or that a busy machine makes fail. */
  timed: { nice: 0, isTimed: true },
  /** Suites that mostly wait, and bear it when they wait a little longer. */
  waiting: { nice: 5, isTimed: false },
  /** More suites that mostly wait: one lane of all of them would be the longest. */
  patient: { nice: 10, isTimed: false },
  /** Suites that boot machines, run containers, or install what was built. */
  machines: { nice: 10, isTimed: false },
  /** Suites that need the processor. They give way to the others. */
  computing: { nice: 10, isTimed: false },
} as const;
export type Lane = keyof typeof LANES;

/** One line of the table; each suite is a mocha process of its own. */
export interface Suite {
  readonly name: string;
  /** Globs from the root of the project. A file that is named without `*` leaves the suites whose glob matches it. */
  readonly files: readonly string[];
  readonly tier: Tier;
  readonly lane: Lane;
  /** How long it takes on two cores, in the company of the other lanes. */
  readonly budgetSeconds: number;
  /** What it needs besides Node and the programs that every machine has. */
  readonly packages?: readonly string[];
}

/** A suite with the files it resolves to. */
export interface PlannedSuite extends Suite {
  readonly paths: readonly string[];
}

const CLIENTS = ['skopeo', 'podman', 'docker.io', 'containerd'];
const CEPH = ['ceph-mon', 'ceph-osd', 'ceph-common', 'radosgw'];
const KEYSTONE = ['keystone', 'uwsgi-core', 'uwsgi-plugin-python3'];
const OTHER_MOUNTS = ['exfat-fuse', 'exfatprogs'];
const DISTRIBUTION = 'docker-registry';
const NGINX = 'nginx-light';
const HAPROXY = 'haproxy';
/** Servers that the project ships a mirror's configuration for. */
const MIRROR_SERVERS = [NGINX, 'apache2', 'caddy', 'varnish'];
const REDIS = 'redis-server';
const CHROMIUM = 'chromium';
const OPENSSL = 'openssl';
const PROMETHEUS = ['prometheus', 'prometheus-node-exporter'];
/** What boots machines: `test/support/machines/`. */
const MACHINES = ['mmdebstrap', 'openssh-client'];

/** What only a nightly run uses. */
export const NIGHTLY_PACKAGES = [
  'swift-proxy',
  'swift-account',
  'swift-container',
  'swift-object',
  'memcached',
  'python3-keystonemiddleware',
  'lintian',
];

/** A suite that is a whole folder, or what other suites leave of it. */
function folder(name: string, suite: Omit<Suite, 'name' | 'files'>): Suite {
  return { name, files: [`test/${name}/**/*.test.ts`], ...suite };
}

const SHORT: readonly Suite[] = [
  folder('house', { tier: 'short', lane: 'computing', budgetSeconds: 3 }),
  folder('unit', { tier: 'short', lane: 'computing', budgetSeconds: 60 }),
  {
    name: 'contract on memory and file system',
    files: ['memory', 'filesystem', 'growing'].map((name) => `test/contract/${name}.test.ts`),
    tier: 'short',
    lane: 'computing',
    budgetSeconds: 25,
  },
  {
    name: 'the checker of histories',
    files: ['test/history/checker.test.ts', 'test/history/faults.test.ts'],
    tier: 'short',
    lane: 'computing',
    budgetSeconds: 5,
  },
  folder('access', { tier: 'short', lane: 'computing', budgetSeconds: 45 }),
  folder('release', { tier: 'short', lane: 'waiting', budgetSeconds: 40 }),
  folder('notifications', {
    tier: 'short',
    lane: 'waiting',
    budgetSeconds: 45,
    packages: [DISTRIBUTION, OPENSSL],
  }),
  folder('uploads', { tier: 'short', lane: 'waiting', budgetSeconds: 15, packages: CEPH }),
  folder('config', { tier: 'short', lane: 'timed', budgetSeconds: 30, packages: [DISTRIBUTION, OPENSSL] }),
  {
    name: 'the first minute with real clients',
    files: ['test/clients/first-minute.test.ts'],
    tier: 'short',
    lane: 'timed',
    budgetSeconds: 30,
    packages: CLIENTS,
  },
  folder('protocol', { tier: 'short', lane: 'timed', budgetSeconds: 75, packages: [DISTRIBUTION, OPENSSL] }),
  {
    name: 'three nodes on S3',
    files: ['test/cluster/s3.test.ts'],
    tier: 'short',
    lane: 'timed',
    budgetSeconds: 100,
    packages: [...CEPH, NGINX, REDIS, OPENSSL, 'skopeo'],
  },
  folder('http', { tier: 'short', lane: 'timed', budgetSeconds: 20, packages: [OPENSSL, NGINX] }),
  folder('operators', { tier: 'short', lane: 'timed', budgetSeconds: 25, packages: [REDIS, OPENSSL] }),
  folder('conformance', { tier: 'short', lane: 'computing', budgetSeconds: 60, packages: [DISTRIBUTION] }),
  folder('check', { tier: 'short', lane: 'patient', budgetSeconds: 45, packages: [DISTRIBUTION] }),
];

const REST: readonly Suite[] = [
  folder('backup', { tier: 'rest', lane: 'patient', budgetSeconds: 45, packages: CEPH }),
  {
    name: 'long and slow uploads',
    files: ['killed', 'growing'].map((name) => `test/uploads/${name}.test.ts`),
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 60,
    packages: CEPH,
  },
  {
    name: 'the test runner',
    files: ['test/house/interrupt.test.ts'],
    tier: 'rest',
    lane: 'computing',
    budgetSeconds: 10,
  },
  folder('guides', { tier: 'rest', lane: 'machines', budgetSeconds: 80, packages: MACHINES }),
  folder('machines', { tier: 'rest', lane: 'machines', budgetSeconds: 30, packages: MACHINES }),
  folder('faults', { tier: 'rest', lane: 'timed', budgetSeconds: 120 }),
  folder('edge', {
    tier: 'rest',
    lane: 'timed',
    budgetSeconds: 250,
    packages: [NGINX, HAPROXY, OPENSSL, REDIS],
  }),
  folder('metrics', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 45,
    packages: [...CEPH, DISTRIBUTION, REDIS, OPENSSL],
  }),
  folder('worst', { tier: 'rest', lane: 'timed', budgetSeconds: 120 }),
  folder('sync', { tier: 'rest', lane: 'waiting', budgetSeconds: 45, packages: [NGINX, OPENSSL] }),
  folder('redis', { tier: 'rest', lane: 'timed', budgetSeconds: 190, packages: [REDIS, OPENSSL] }),
  folder('soak', {
    tier: 'rest',
    lane: 'timed',
    budgetSeconds: 190,
    packages: [...CLIENTS, ...CEPH, NGINX, REDIS, OPENSSL],
  }),
  folder('reload', { tier: 'rest', lane: 'waiting', budgetSeconds: 60, packages: [OPENSSL] }),
  folder('rolling', { tier: 'rest', lane: 'timed', budgetSeconds: 200, packages: [NGINX, REDIS, OPENSSL] }),
  folder('matrix', {
    tier: 'rest',
    lane: 'patient',
    budgetSeconds: 220,
    packages: [...CLIENTS, NGINX, REDIS, OPENSSL],
  }),
  folder('audit', {
    tier: 'rest',
    lane: 'patient',
    budgetSeconds: 75,
    packages: [...CEPH, NGINX, REDIS, OPENSSL],
  }),
  folder('accounts', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 190,
    packages: [...KEYSTONE, ...CLIENTS],
  }),
  folder('token', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 140,
    packages: [...CLIENTS, DISTRIBUTION, OPENSSL],
  }),
  folder('contract', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 100,
    packages: [...CEPH, ...OTHER_MOUNTS],
  }),
  folder('stores', {
    tier: 'rest',
    lane: 'patient',
    budgetSeconds: 120,
    packages: [...CEPH, 'skopeo', REDIS],
  }),
  folder('history', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 220,
    packages: [...CEPH, NGINX, REDIS],
  }),
  folder('clients', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 140,
    packages: [...CLIENTS, NGINX, DISTRIBUTION],
  }),
  folder('mirrors', {
    tier: 'rest',
    lane: 'patient',
    budgetSeconds: 330,
    packages: [NGINX, REDIS, OPENSSL],
  }),
  {
    name: 'mirrors and the store',
    files: ['store-requests', 'stumbling-store', 'memory'].map((name) => `test/mirrors/${name}.test.ts`),
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 200,
    packages: CEPH,
  },
  {
    name: 'mirrors that hold others up, or flap',
    files: ['lag', 'flapping'].map((name) => `test/mirrors/${name}.test.ts`),
    tier: 'rest',
    lane: 'timed',
    budgetSeconds: 120,
  },
  folder('cluster', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 15,
    packages: [...CEPH, NGINX, REDIS, OPENSSL, 'skopeo'],
  }),
  folder('monitoring', {
    tier: 'rest',
    lane: 'computing',
    budgetSeconds: 190,
    packages: [...PROMETHEUS, ...CEPH, NGINX, REDIS, OPENSSL, 'logrotate'],
  }),
  folder('doctor', {
    tier: 'rest',
    lane: 'patient',
    budgetSeconds: 60,
    packages: [...MIRROR_SERVERS, OPENSSL],
  }),
  folder('compat', { tier: 'rest', lane: 'patient', budgetSeconds: 60, packages: [DISTRIBUTION, OPENSSL] }),
  folder('attacks', {
    tier: 'rest',
    lane: 'waiting',
    budgetSeconds: 60,
    packages: [...CLIENTS, NGINX, REDIS, CHROMIUM],
  }),
  {
    name: 'deaths and malformed requests by chance',
    files: ['fuzz', 'fuzz-uploads', 'kill'].map((name) => `test/faults/${name}.test.ts`),
    tier: 'rest',
    lane: 'computing',
    budgetSeconds: 180,
  },
  folder('crash', { tier: 'rest', lane: 'computing', budgetSeconds: 250 }),
  folder('late', { tier: 'rest', lane: 'computing', budgetSeconds: 200 }),
  folder('garbage', {
    tier: 'rest',
    lane: 'patient',
    budgetSeconds: 300,
    packages: [...CEPH, DISTRIBUTION],
  }),
  folder('image', {
    tier: 'rest',
    lane: 'machines',
    budgetSeconds: 75,
    packages: ['skopeo', 'podman', 'docker.io', 'runc'],
  }),
  folder('kubernetes', { tier: 'rest', lane: 'machines', budgetSeconds: 35, packages: ['python3'] }),
  folder('units', {
    tier: 'rest',
    lane: 'machines',
    budgetSeconds: 130,
    packages: [...MACHINES, 'dpkg-dev'],
  }),
  folder('failover', {
    tier: 'rest',
    lane: 'machines',
    budgetSeconds: 55,
    packages: [...MACHINES, 'dpkg-dev', 'libxml2-utils', 'resource-agents'],
  }),
  folder('install', {
    tier: 'rest',
    lane: 'machines',
    budgetSeconds: 110,
    packages: [...MACHINES, 'skopeo', 'nodejs', 'mandoc', 'zsh', 'fish', 'rpm', 'dpkg-dev'],
  }),
  {
    name: 'the collection for Ansible',
    files: ['test/ansible/quality.test.ts'],
    tier: 'rest',
    lane: 'machines',
    budgetSeconds: 60,
    packages: ['ansible-core', 'ansible-lint'],
  },
  folder('ansible', {
    tier: 'rest',
    lane: 'machines',
    budgetSeconds: 240,
    packages: [...MACHINES, ...CEPH, 'ansible-core', 'skopeo', OPENSSL],
  }),
  folder('changes', { tier: 'rest', lane: 'computing', budgetSeconds: 140 }),
];

/** Every suite; the suites of a lane run in this order. */
export const SUITES: readonly Suite[] = [...SHORT, ...REST];
