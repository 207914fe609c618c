import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from './artifact.ts';
import { execute } from './execute.ts';
import { unpackBase } from './image/base.ts';
import { annotationsOf, configOf } from './image/config.ts';
import { packLayer } from './image/layer.ts';
import { writeLayout } from './image/layout.ts';
import { fetchPackages } from './image/packages.ts';
import { ROOT } from './root.ts';
import { writeSbom } from './sbom.ts';
import { stage } from './stage.ts';

/** Where the program is in the image, as in the Debian package. */
const PROGRAM = 'usr/lib/roadstead';
/** What the process may write, if it is mounted; the rest may be read-only. */
const DATA = 'var/lib/roadstead';
/** The time of files that do not come from the source: layers of the same packages and the same Node stay the same. */
const OLDEST_EPOCH = 315_532_800;

/** Makes the OCI image: an image layout, and an archive of it. No daemon is needed, and no root. */
export async function image({ release, out, work }: Build): Promise<string[]> {
  const at = (name: string) => join(work, name);
  for (const name of ['base', 'settings']) await mkdir(at(name));
  const debian = await fetchPackages(release.arch);
  const base = await unpackBase(debian, at('base'));
  const packages = await stage(at('staged'), release);
  await splitStaged(at);
  await writeSettings(at('settings'));
  const { epochSeconds } = release;
  const layers = [
    await packLayer({
      title: 'Debian',
      directory: at('base'),
      ...{ epochSeconds: OLDEST_EPOCH, keepModes: true },
    }),
    await packLayer({ title: 'Node', directory: at('node'), epochSeconds: OLDEST_EPOCH }),
    await packLayer({ title: 'Roadstead', directory: at('program'), epochSeconds }),
    await packLayer({
      title: 'configuration',
      directory: at('settings'),
      ...{ own: [DATA], epochSeconds: OLDEST_EPOCH },
    }),
  ];
  const annotations = annotationsOf(release, base);
  await writeLayout(at('image'), {
    ...{ layers, annotations, name: `roadstead:${release.version}` },
    config: configOf(release, layers, annotations),
  });
  const archive = join(out, `roadstead-${release.version}-image.tar`);
  await packArchive(at('image'), at('archive'), epochSeconds);
  await rename(at('archive'), archive);
  const layout = await placeLayout(at('image'), join(out, 'image'));
  return [layout, archive, await writeSbom(archive, release, { packages, debian })];
}

/** Takes Node out of the staged tree, since it changes less often than the program, and leaves the documents behind. */
async function splitStaged(at: (name: string) => string): Promise<void> {
  const [node, program] = [join(at('node'), PROGRAM), join(at('program'), PROGRAM)];
  await mkdir(join(node, 'lib'), { recursive: true });
  await mkdir(join(program, 'share/doc'), { recursive: true });
  await rename(join(at('staged'), 'lib/node'), join(node, 'lib/node'));
  await rename(join(at('staged'), 'lib'), join(program, 'lib'));
  const licences = ['LICENSE', 'LICENSES.txt'];
  await mkdir(join(program, 'share/doc/roadstead'));
  for (const name of licences)
    await copyFile(join(at('staged/share/doc/roadstead'), name), join(program, 'share/doc/roadstead', name));
}

async function writeSettings(directory: string): Promise<void> {
  const from = (name: string) => join(ROOT, 'infra/image', name);
  for (const name of ['etc/roadstead', 'usr/bin', DATA])
    await mkdir(join(directory, name), { recursive: true });
  for (const name of ['passwd', 'group', 'nsswitch.conf'])
    await copyFile(from(name), join(directory, 'etc', name));
  await copyFile(from('config.yml'), join(directory, 'etc/roadstead/config.yml'));
  await copyFile(from('roadstead.js'), join(directory, 'usr/bin/roadstead'));
  await chmod(join(directory, 'usr/bin/roadstead'), 0o755);
}

async function placeLayout(made: string, place: string): Promise<string> {
  await rm(place, { recursive: true, force: true });
  await rename(made, place);
  return place;
}

/** An archive that skopeo, podman, containerd and `docker load` read. */
async function packArchive(layout: string, file: string, epochSeconds: number): Promise<void> {
  await execute('tar', [
    ...['--create', `--file=${file}`, `--directory=${layout}`, '--format=gnu', '--sort=name'],
    ...[`--mtime=@${epochSeconds}`, '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'],
    ...['oci-layout', 'index.json', 'manifest.json', 'blobs'],
  ]);
}
