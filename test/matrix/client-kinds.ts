import { CRANE, type GoProgram, REGCTL } from '../support/go-programs.ts';

/** What a command line of a client is made of. */
export interface Place {
  /** A file of the client's own directory. */
  readonly at: (name: string) => string;
  readonly host: string;
  readonly reference: string;
  readonly hasTls: boolean;
  /** The certificate of the authority, where there is TLS. */
  readonly authority: string;
  /** `name:password`, for the client that takes no file of logins. */
  readonly user: string | undefined;
}

/** A command of a client. */
export type Line = readonly string[];

/** A real client: how it is set up, and how it pulls. */
export interface ClientKind {
  readonly name: string;
  /** Where it comes from: this machine, Debian 13, or Go. */
  readonly from: 'here' | 'Debian 13' | GoProgram;
  readonly programs: readonly string[];
  readonly files?: (place: Place) => Readonly<Record<string, string>>;
  readonly env?: (at: Place['at']) => Readonly<Record<string, string>>;
  /** What has to run before, and what succeeds when it does. */
  readonly daemon?: (at: Place['at']) => { readonly line: Line; readonly ready: Line };
  readonly pull: (place: Place) => Line;
  /** A command that prints one line once the client has forgotten what a failed pull left behind. */
  readonly remains?: Line;
  /** A pull that takes longer hangs. */
  readonly limitMs: number;
  /** Takes any certificate on loopback, so that it does not meet that fault. */
  readonly trustsLoopback?: boolean;
  /** A pull that never got an answer stays in its daemon, and the next command waits for that, without a request. */
  readonly keepsHungPulls?: boolean;
}

const LIMIT_MS = 40_000;
const DOCKER_LIMIT_MS = 60_000;
const ANYTHING = JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] });

type Common = Omit<ClientKind, 'name' | 'from'>;

const skopeo: Common = {
  programs: ['skopeo'],
  files: () => ({ 'registries.conf': 'unqualified-search-registries = []\n' }),
  env: (at) => ({ REGISTRY_AUTH_FILE: at('config.json'), CONTAINERS_REGISTRIES_CONF: at('registries.conf') }),
  pull: ({ at, reference, hasTls }) => [
    ...['skopeo', '--insecure-policy', '--tmpdir', at(''), 'copy'],
    ...(hasTls ? [] : ['--src-tls-verify=false']),
    ...[`docker://${reference}`, `dir:${at('image')}`],
  ],
  limitMs: LIMIT_MS,
};

const podman: Common = {
  programs: ['podman'],
  files: () => ({
    'registries.conf': 'unqualified-search-registries = []\n',
    'policy.json': ANYTHING,
    'containers.conf': '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n',
  }),
  env: (at) => ({
    REGISTRY_AUTH_FILE: at('config.json'),
    CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
    CONTAINERS_CONF: at('containers.conf'),
  }),
  pull: ({ at, reference, hasTls }) => [
    ...['podman', '--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp')],
    ...['--storage-driver', 'vfs', 'pull', '--quiet', '--signature-policy', at('policy.json')],
    ...(hasTls ? [] : ['--tls-verify=false']),
    reference,
  ],
  limitMs: LIMIT_MS,
};

const docker: Common = {
  programs: ['dockerd', 'docker'],
  files: () => ({ 'daemon.json': '{}' }),
  env: (at) => ({ DOCKER_HOST: `unix://${at('docker.sock')}` }),
  daemon: (at) => ({
    line: [
      ...['dockerd', '--host', `unix://${at('docker.sock')}`, '--pidfile', at('dockerd.pid')],
      ...['--data-root', at('data'), '--exec-root', at('exec'), '--config-file', at('daemon.json')],
      ...['--storage-driver', 'vfs', '--bridge', 'none', '--iptables=false'],
    ],
    ready: ['docker', 'version'],
  }),
  pull: ({ reference }) => ['docker', 'pull', '--quiet', reference],
  limitMs: DOCKER_LIMIT_MS,
  trustsLoopback: true,
  keepsHungPulls: true,
};

const ctr: Common = {
  programs: ['containerd', 'ctr'],
  files: ({ at, host, authority }) => ({
    'containerd.toml': [
      'version = 2',
      `root = "${at('root')}"`,
      `state = "${at('state')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${at('containerd.sock')}"`,
      `[ttrpc]\naddress = "${at('containerd.sock.ttrpc')}"`,
    ].join('\n'),
    // Without a section of its own for the host, it speaks plain HTTP on loopback.
    [`hosts/${host}/hosts.toml`]: [
      `server = "https://${host}"`,
      `[host."https://${host}"]`,
      'capabilities = ["pull", "resolve"]',
      `ca = "${authority}"`,
    ].join('\n'),
  }),
  env: (at) => ({ CONTAINERD_ADDRESS: at('containerd.sock') }),
  daemon: (at) => ({
    line: ['containerd', '--config', at('containerd.toml')],
    ready: ['ctr', 'version'],
  }),
  pull: ({ at, reference, hasTls, user }) => [
    ...['ctr', 'images', 'pull', '--snapshotter', 'native'],
    ...(hasTls ? ['--hosts-dir', at('hosts')] : ['--plain-http']),
    ...(user === undefined ? [] : ['--user', user]),
    reference,
  ],
  // containerd collects this garbage some 0.3 s after the command: a pull before that continues what a bad mirror began.
  remains: ['ctr', 'content', 'active'],
  limitMs: LIMIT_MS,
};

/** Every client, in the order of the table's columns. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  { name: 'skopeo', from: 'here', ...skopeo },
  { name: 'skopeo-13', from: 'Debian 13', ...skopeo },
  { name: 'podman', from: 'here', ...podman },
  { name: 'podman-13', from: 'Debian 13', ...podman },
  { name: 'docker', from: 'here', ...docker },
  { name: 'docker-13', from: 'Debian 13', ...docker },
  { name: 'ctr', from: 'here', ...ctr },
  { name: 'ctr-13', from: 'Debian 13', ...ctr },
  {
    name: 'crane',
    from: CRANE,
    programs: [],
    pull: ({ at, reference }) => ['crane', 'pull', reference, at('image.tar')],
    limitMs: LIMIT_MS,
  },
  {
    name: 'oras',
    from: 'Debian 13',
    programs: [],
    pull: ({ at, reference, hasTls }) => [
      ...['oras', 'cp', '--no-tty', ...(hasTls ? [] : ['--from-plain-http'])],
      ...['--to-oci-layout', reference, `${at('layout')}:1`],
    ],
    limitMs: LIMIT_MS,
  },
  {
    name: 'regctl',
    from: REGCTL,
    programs: [],
    pull: ({ at, host, reference, hasTls }) => [
      ...['regctl', '--host', `reg=${host},tls=${hasTls ? 'enabled' : 'disabled'}`],
      ...['image', 'copy', reference, `ocidir://${at('layout')}:1`],
    ],
    limitMs: LIMIT_MS,
  },
];
