import { access, constants, lstat, mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { run } from './process.ts';
import { findProgram } from './programs.ts';
import { tempDir } from './temp.ts';

/** A program that Go fetches and compiles: the package of its main function, at a version that never changes. */
export interface GoProgram {
  readonly package: string;
  readonly version: string;
  /** For what is large. @default BUILD_TIMEOUT_MS */
  readonly buildTimeoutMs?: number;
}

/** CNCF Distribution, the newest release. */
export const DISTRIBUTION_3: GoProgram = {
  package: 'github.com/distribution/distribution/v3/cmd/registry',
  version: 'v3.1.1',
};
/** A client that knows all of OCI's 1.1: referrers, artifacts, deletes. */
export const REGCTL: GoProgram = { package: 'github.com/regclient/regclient/cmd/regctl', version: 'v0.11.7' };
/** The client of go-containerregistry, the library in ko, kaniko, cosign and many more. */
export const CRANE: GoProgram = {
  package: 'github.com/google/go-containerregistry/cmd/crane',
  version: 'v0.20.3',
};

const BUILDKIT = { version: 'v0.16.0', buildTimeoutMs: 15 * 60_000 };
/** Builds images, and keeps caches in registries: this release writes them as an index of layers unless told otherwise. */
export const BUILDKITD = {
  package: 'github.com/moby/buildkit/cmd/buildkitd',
  ...BUILDKIT,
} satisfies GoProgram;
/** Its client. */
export const BUILDCTL = { package: 'github.com/moby/buildkit/cmd/buildctl', ...BUILDKIT } satisfies GoProgram;

/** Builds Kubernetes' objects from a base and overlays: what `kubectl apply -k` has inside. Half a minute on two cores. */
export const KUSTOMIZE: GoProgram = {
  package: 'sigs.k8s.io/kustomize/kustomize/v5',
  version: 'v5.7.1',
};

/** A gateway that speaks S3 over a file system. Its 60 MB took five minutes on two cores that others used as well. */
export const VERSITYGW = {
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
  buildTimeoutMs: 15 * 60_000,
} satisfies GoProgram;

/** Where a program lies, or why it cannot be had. */
export type Built = { readonly program: string } | { readonly reason: string };

/** Distribution with all it needs takes a minute and a half on two cores; where a proxy hangs, the tests must not. */
export const BUILD_TIMEOUT_MS = 5 * 60_000;

const building = new Map<string, Promise<Built>>();

/** Has Go build a program with the module proxy that this machine uses; built once, and kept for later runs. */
export function buildGoProgram(program: GoProgram): Promise<Built> {
  const name = `${nameOf(program)}-${program.version}`;
  const known = building.get(name);
  if (known) return known;
  const built = build(program, name).catch((error: unknown) => ({ reason: lastWords(String(error)) }));
  building.set(name, built);
  return built;
}

async function build(program: GoProgram, name: string): Promise<Built> {
  const { package: path, version, buildTimeoutMs = BUILD_TIMEOUT_MS } = program;
  const kept = join(await ownDirectory(`roadstead-go-${process.getuid?.() ?? 0}`), name);
  if (await isExecutable(kept)) return { program: kept };
  const go = findProgram('go');
  if (go === undefined) return { reason: `${path} needs Go, which is not on this machine` };
  await using home = await tempDir('go');
  const { code, stderr } = await run(go, ['install', `${path}@${version}`], {
    env: { GOBIN: home.path, GOFLAGS: '-trimpath', CGO_ENABLED: '0' },
    cwd: home.path,
    timeoutMs: buildTimeoutMs,
    allowFailure: true,
  });
  if (code !== 0) return { reason: `go install ${path}@${version}: ${lastWords(stderr)}` };
  // Two runs may build at once; each puts a whole program there.
  await rename(join(home.path, nameOf(program)), kept);
  return { program: kept };
}

/** As Go names it: by the last part of its path that is not a major version. */
function nameOf({ package: path }: GoProgram): string {
  return basename(path.replace(/\/v\d+$/, ''));
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** A directory that outlives the tests, beside the temporary ones; refused if another user could have filled it. */
export async function ownDirectory(name: string): Promise<string> {
  const path = join(tmpdir(), name);
  await mkdir(path, { mode: 0o700, recursive: true });
  const stat = await lstat(path);
  const isOurs = stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid) && !(stat.mode & 0o022);
  if (!isOurs) throw new Error(`${path} is not a directory of this user alone`);
  return path;
}

/** The end of what a program wrote, on one line: Go tells the reason last. */
function lastWords(output: string): string {
  return output.trim().split(/\s+/).join(' ').slice(-500);
}

/**
 * To be called in a `before` hook: ends a suite as skipped, with the reason in its tests' titles. For programs that
 * their publishers hand out over the network, and that nobody can mend where there is none, in CI no more than elsewhere.
 */
export function skipSuite(hook: Mocha.Context, reason: string): never {
  hook.test?.parent?.eachTest((test) => {
    test.title += `: skipped, ${reason}`;
  });
  return hook.skip();
}
