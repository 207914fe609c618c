/**
 * Promise: regctl, a client that knows all of OCI's 1.1, finds here what it looks for: referrers by the API, deletes of
 * tags and manifests, blobs of any algorithm; and what it attached through Distribution in fallback tags, too.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256, sha512 } from '../support/digest.ts';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { BUILD_TIMEOUT_MS, buildGoProgram, REGCTL, skipSuite } from '../support/go-programs.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { layoutBlobPath } from '../support/layout-writer.ts';
import { run } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { askForManifest, pullAll, tagged } from './pulling.ts';

requires(['docker-registry'])('regctl', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  /** The program, and what it is told each time. */
  let command: readonly string[];
  let layout: ImageLayout;
  let ours: TestRegistry;
  let theirs: Distribution;

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS + 30_000);
    const built = await buildGoProgram(REGCTL);
    if ('reason' in built) return skipSuite(this, built.reason);
    home = held.use(await tempDir('regctl')).path;
    layout = await makeImageLayout(join(home, 'image'));
    ours = held.use(await startRegistry({ promotion: false, delete: true }));
    theirs = held.use(await startDistribution('docker-registry', ours.rootDirectory));
    const hosts = [ours.host, theirs.host].flatMap((host) => ['--host', `reg=${host},tls=disabled`]);
    command = [built.program, ...hosts, '--verbosity', 'error'];
  });
  after(() => held.disposeAsync());

  /** Runs it, with a file for its input if one is named, and answers with what it prints. */
  const regctlWith = async (input: string, ...args: string[]): Promise<string> => {
    const env = { HOME: home, DOCKER_CONFIG: home };
    const line = ['-c', 'exec "$@" < "$0"', input, ...command, ...args];
    return (await run('sh', line, { env, cwd: home })).stdout.trim();
  };
  const regctl = (...args: string[]) => regctlWith('/dev/null', ...args);

  const source = (tag: string) => `ocidir://${layout.directory}:${tag}`;
  const lines = (output: string) => output.split('\n').filter((line) => line !== '');
  /** The digests that `artifact list` tells of. */
  const attachedTo = async (reference: string, ...options: string[]) => {
    const format = '{{range .Descriptors}}{{println .Digest}}{{end}}';
    return lines(await regctl('artifact', 'list', reference, '--format', format, ...options)).sort();
  };
  const attach = async (subject: string, type: string) => {
    const file = join(home, 'attached');
    await writeFile(file, newBytes());
    const format = '{{println .Manifest.GetDescriptor.Digest}}';
    return regctl(
      ...[
        'artifact',
        'put',
        '--subject',
        subject,
        '--artifact-type',
        type,
        '--file',
        file,
        '--format',
        format,
      ],
    );
  };

  it('copies an index in and out, byte for byte, and from repository to repository by mounts', async () => {
    await regctl('image', 'copy', source('multi'), `${ours.host}/in:1`);
    expect(await tagged(ours.url, 'in', '1')).to.equal(layout.digests.multi);
    await regctl('image', 'copy', `${ours.host}/in:1`, `${ours.host}/deep/er/copy:2`);
    await pullAll(ours.url, 'deep/er/copy', '2');
    await regctl('image', 'copy', `${ours.host}/deep/er/copy:2`, `ocidir://${home}/out:1`);
    for (const { digest } of layout.blobs.slice(0, 3)) {
      const [out, original] = [join(home, 'out'), layout.directory].map((at) => layoutBlobPath(at, digest));
      expect(await readFile(out ?? '')).to.deep.equal(await readFile(original ?? ''));
    }
    expect(await regctl('manifest', 'head', `${ours.host}/in:1`)).to.equal(layout.digests.multi);
  });

  it('lists repositories and tags, and deletes tags and manifests', async () => {
    for (const tag of ['a', 'b', 'c'])
      await regctl('image', 'copy', source('amd64'), `${ours.host}/tags:${tag}`);
    await regctl('image', 'copy', source('arm64'), `${ours.host}/tags:other`);
    expect(lines(await regctl('tag', 'ls', `${ours.host}/tags`))).to.deep.equal(['a', 'b', 'c', 'other']);
    expect(lines(await regctl('repo', 'ls', ours.host))).to.include('tags');
    await regctl('tag', 'delete', `${ours.host}/tags:b`);
    expect(lines(await regctl('tag', 'ls', `${ours.host}/tags`))).to.deep.equal(['a', 'c', 'other']);
    await regctl('manifest', 'delete', `${ours.host}/tags@${layout.digests.amd64}`);
    expect(lines(await regctl('tag', 'ls', `${ours.host}/tags`))).to.deep.equal(['other']);
    expect((await askForManifest(theirs.url, 'tags', layout.digests.amd64)).status).to.equal(404);
  });

  it('attaches artifacts by the referrers API, without a fallback tag, and finds and follows them', async () => {
    const image = `${ours.host}/attach:1`;
    await regctl('image', 'copy', source('amd64'), image);
    const sbom = await attach(image, 'application/spdx+json');
    const signature = await attach(image, 'application/vnd.example.signature');
    const nested = await attach(`${ours.host}/attach@${sbom}`, 'application/vnd.example.signature');
    expect(lines(await regctl('tag', 'ls', `${ours.host}/attach`))).to.deep.equal(['1']);
    expect(await attachedTo(image)).to.deep.equal([sbom, signature].sort());
    expect(await attachedTo(image, '--filter-artifact-type', 'application/spdx+json')).to.deep.equal([sbom]);
    const tree = await regctl('artifact', 'tree', image);
    for (const digest of [sbom, signature, nested]) expect(tree).to.include(digest);

    await regctl('image', 'copy', '--referrers', image, `${ours.host}/attach-copy:1`);
    expect(await attachedTo(`${ours.host}/attach-copy:1`)).to.deep.equal([sbom, signature].sort());
    expect(await attachedTo(`${ours.host}/attach-copy@${sbom}`)).to.deep.equal([nested]);

    await regctl('manifest', 'delete', `${ours.host}/attach@${signature}`);
    expect(await attachedTo(image)).to.deep.equal([sbom]);
  });

  it('finds here what it attached through Distribution, and copies it from one to the other', async () => {
    await regctl('image', 'copy', source('arm64'), `${theirs.host}/fallback:1`);
    const old = [
      await attach(`${theirs.host}/fallback:1`, 'application/a'),
      await attach(`${theirs.host}/fallback:1`, 'application/b'),
    ].sort();
    const tag = `sha256-${layout.digests.arm64.slice('sha256:'.length)}`;
    expect(lines(await regctl('tag', 'ls', `${ours.host}/fallback`))).to.deep.equal(['1', tag]);
    expect(await attachedTo(`${ours.host}/fallback:1`)).to.deep.equal(old);
    const added = await attach(`${ours.host}/fallback:1`, 'application/c');
    expect(await attachedTo(`${ours.host}/fallback:1`)).to.deep.equal([...old, added].sort());
    // There it is found by the tag alone, which we leave as it was.
    expect(await attachedTo(`${theirs.host}/fallback:1`)).to.deep.equal(old);

    // A copy carries all of them to a Distribution: the way back.
    await regctl('image', 'copy', '--referrers', `${ours.host}/fallback:1`, `${theirs.host}/way/back:1`);
    expect(await attachedTo(`${theirs.host}/way/back:1`)).to.deep.equal([...old, added].sort());
    expect(await attachedTo(`${ours.host}/way/back:1`)).to.deep.equal([...old, added].sort());
  });

  it('puts, mounts, gets and deletes blobs, by either algorithm', async () => {
    const bytes = newBytes(200_000);
    await writeFile(join(home, 'blob'), bytes);
    for (const [name, digest] of [
      ['blobs/sha256', sha256(bytes)],
      ['blobs/sha512', sha512(bytes)],
    ] as const) {
      const put = ['blob', 'put', '--digest', digest, `${ours.host}/${name}`];
      expect(await regctlWith(join(home, 'blob'), ...put)).to.equal(digest);
      await regctl('blob', 'copy', `${ours.host}/${name}`, `${ours.host}/${name}-copy`, digest);
      for (const repository of [name, `${name}-copy`]) {
        const answer = await send(ours.url, `/v2/${repository}/blobs/${digest}`);
        expect(answer.status, repository).to.equal(200);
        expect(answer.body.equals(bytes)).to.equal(true);
      }
      await regctl('blob', 'delete', `${ours.host}/${name}`, digest);
      const statuses = [name, `${name}-copy`].map(
        async (repository) => (await send(ours.url, `/v2/${repository}/blobs/${digest}`)).status,
      );
      expect(await Promise.all(statuses)).to.deep.equal([404, 200]);
    }
  });

  it('makes an index of what is there, and adds to it', async () => {
    for (const platform of ['amd64', 'arm64'] as const)
      await regctl('image', 'copy', source(platform), `${ours.host}/index:${platform}`);
    const digest = (platform: 'amd64' | 'arm64') => [
      '--ref',
      `${ours.host}/index@${layout.digests[platform]}`,
    ];
    await regctl('index', 'create', `${ours.host}/index:1`, ...digest('amd64'));
    await regctl('index', 'add', `${ours.host}/index:1`, ...digest('arm64'));
    const { manifests } = JSON.parse((await askForManifest(ours.url, 'index', '1')).body.toString()) as {
      manifests: { digest: string }[];
    };
    expect(manifests.map((each) => each.digest)).to.have.members([
      layout.digests.amd64,
      layout.digests.arm64,
    ]);
    await pullAll(theirs.url, 'index', '1');
  });
});
