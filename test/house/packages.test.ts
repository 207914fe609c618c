/** Promise: everything that `npm ci` installs on Linux, the Node that runs it all included, is pinned by its checksum. */
import { realpathSync } from 'node:fs';
import { expect } from 'chai';
import { z } from 'zod';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';
import { textOf } from './source.ts';

const Names = z.union([z.string(), z.array(z.string())]).transform((names) => [names].flat());
const Package = z.object({
  version: z.string(),
  integrity: z.string().optional(),
  hasInstallScript: z.boolean().default(false),
  dev: z.boolean().default(false),
  os: Names.optional(),
  cpu: Names.optional(),
  libc: Names.optional(),
});
const LockFile = z.object({ packages: z.record(z.string(), z.unknown()) });

const packages = new Map(
  Object.entries(LockFile.parse(JSON.parse(textOf('package-lock.json'))).packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => [path, Package.parse(entry)]),
);

/** Their install scripts do not run: bcrypt's would only compile, and esbuild's check, what their archives hold already. */
const WITH_SCRIPTS = ['node_modules/bcrypt', 'node_modules/esbuild'];
const SHA512 = /^sha512-[\w+/]{86}==$/;

describe('packages', () => {
  it('that Linux installs have a checksum each', () => {
    const installed = [...packages].filter(([, entry]) => fitsLinux(entry));
    const unpinned = installed.filter(([, { integrity = '' }]) => !SHA512.test(integrity));
    expect(installed).to.have.length.greaterThan(150);
    expect(unpinned.map(([path]) => path)).to.deep.equal([]);
  });

  it('that are no development tools have one for any platform', () => {
    const unpinned = [...packages].filter(([, { dev, integrity = '' }]) => !dev && !SHA512.test(integrity));
    expect(unpinned.map(([path]) => path)).to.deep.equal([]);
  });

  it('run nothing when they are installed', () => {
    expect(textOf('.npmrc').split('\n')).to.include('ignore-scripts=true');
    const scripted = [...packages].filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(scripted.map(([path]) => path)).to.deep.equal(WITH_SCRIPTS);
  });
});

describe('the Node that runs this', () => {
  const path = `node_modules/node-linux-${process.arch}`;

  it('is the one of the lock file', () => {
    const root = realpathSync(new URL('../..', import.meta.url));
    expect(realpathSync(process.execPath)).to.equal(`${root}/${path}/bin/node`);
    expect(packages.get(path)?.version).to.equal(process.versions.node);
    expect(packages.get(path)?.integrity).to.match(SHA512);
  });

  it('says what to do when it is too old', async () => {
    const older = 'Object.defineProperty(process.versions, "node", { value: "22.18.0" })';
    const args = ['--import', `data:text/javascript,${encodeURIComponent(older)}`, ...CLI, '--version'];
    const { code, stdout, stderr } = await run(process.execPath, args, { allowFailure: true });
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.include('needs Node 24 or later; this is Node 22.18.0').and.include('npm ci');
  });
});

/** On x86-64 or arm64 with glibc, which the binaries of Node need. */
function fitsLinux({ os = ['linux'], cpu = ['x64'], libc = ['glibc'] }: z.output<typeof Package>): boolean {
  return os.includes('linux') && (cpu.includes('x64') || cpu.includes('arm64')) && libc.includes('glibc');
}
