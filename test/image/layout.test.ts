/**
 * Promise: the image is made without a daemon, is the same whenever the same is built, and holds nothing that an intruder
 * could use: no shell, no program that gains rights, nothing that its process could change.
 */
import { expect } from 'chai';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { BuiltImage } from './built.ts';

requires(['apt-get', 'dpkg-deb', 'flock', 'skopeo'])('The image', function () {
  this.timeout(480_000);
  const held = new AsyncDisposableStack();
  let image: BuiltImage;

  before(async () => {
    image = await BuiltImage.shared();
  });

  after(() => held.disposeAsync());

  it('is the same when it is built again, elsewhere and by another account', async () => {
    const other = held.use(await tempDir('image-again'));
    const again = await BuiltImage.build(other.path, { TZ: 'Asia/Tokyo', LC_ALL: 'C', HOME: other.path });
    expect(await again.index()).to.deep.equal(await image.index());
    const sums = await run('sha256sum', [image.archive, again.archive]);
    expect(new Set(sums.stdout.match(/^[0-9a-f]{64}/gm))).to.have.property('size', 1);
  });

  it('names what it is, and what it was made from', async () => {
    const { manifests } = await image.index();
    expect(manifests[0].annotations['org.opencontainers.image.ref.name']).to.equal(image.name);
    const { annotations } = await image.manifest();
    const { config, created } = await image.config();
    expect(config.Labels).to.deep.equal(annotations);
    expect(annotations).to.include({
      'org.opencontainers.image.title': 'roadstead',
      'org.opencontainers.image.version': image.version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.created': created,
    });
    expect(annotations['org.opencontainers.image.revision']).to.match(/^[0-9a-f]{7,40}/);
    expect(annotations['org.roadstead.image.base']).to.match(/\blibc6=\S+ .*\blibstdc\+\+6=\S/);
  });

  it('has its packages where scanners look for them, with their licences', async () => {
    const files = (await image.files()).map((line) => line.replace(/^.* \.\//, ''));
    for (const name of ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'])
      expect(files).to.include(`var/lib/dpkg/status.d/${name}`);
    for (const path of [
      ...['usr/lib/os-release', 'usr/share/doc/libc6/copyright', 'usr/share/doc/gcc-14-base/copyright'],
      ...['LICENSE', 'LICENSES.txt'].map((name) => `usr/lib/roadstead/share/doc/roadstead/${name}`),
      'usr/lib/roadstead/lib/node/LICENSE',
    ])
      expect(files).to.include(path);
  });

  it('has no shell, no program that gains rights, and one directory that its user may write', async () => {
    const files = await image.files();
    expect(files.filter((line) => /\/(ba|da|z)?sh$|\/busybox$|\/perl$|\/apt/.test(line))).to.deep.equal([]);
    expect(files.filter((line) => /^-..[sS]|^-.{5}[sS]/.test(line))).to.deep.equal([]);
    const owned = files.filter((line) => !/^\S+ 0\/\d+ /.test(line));
    expect(owned.map((line) => line.split(' ').at(-1))).to.deep.equal(['./var/lib/roadstead/']);
    const open = files.filter((line) => /^[-d].{7}w/.test(line)).map((line) => line.split(' ').at(-1));
    expect(open).to.have.members(['./tmp/', './var/lock/', './var/tmp/']);
    expect((await image.config()).config).to.deep.include({ User: '65532:65532' });
  });

  it('is an image layout that skopeo takes, whole', async () => {
    const copy = held.use(await tempDir('image-copy'));
    const source = `oci:${image.directory}:${image.name}`;
    await run('skopeo', ['copy', '--insecure-policy', '--preserve-digests', source, `dir:${copy.path}/copy`]);
  });
});
