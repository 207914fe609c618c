import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Build } from './artifact.ts';
import { execute } from './execute.ts';
import { rpmArchitecture, specText } from './rpm-files.ts';
import { writeSbom } from './sbom.ts';
import { stage } from './stage.ts';
import { layOut, setTimes } from './system-tree.ts';

/** Compressed as tightly as a release deserves takes a minute, which a build for a test saves. */
const PAYLOAD = process.env['ROADSTEAD_BUILD'] === 'quick' ? 'w1.gzdio' : 'w6.xzdio';

/** Makes the RPM package, where rpmbuild is. */
export async function rpmPackage({ release, out, work }: Build): Promise<string[]> {
  const at = (name: string) => join(work, name);
  const packages = await stage(at('staged'), release);
  await layOut(at('staged'), at('root'), 'rpm');
  await moveLicences(at('root'));
  await setTimes(at('root'), release.epochSeconds);
  await writeFile(at('roadstead.spec'), await specText(release, packages));

  const arch = rpmArchitecture(release);
  const macros = {
    laid_out: at('root'),
    _topdir: at('rpmbuild'),
    _tmppath: at('tmp'),
    _dbpath: at('db'),
    _rpmdir: at('made'),
    _binary_payload: PAYLOAD,
    _build_name_fmt: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  for (const name of ['tmp', 'made']) await mkdir(at(name));
  const args = ['-bb', '--nodeps', '--target', `${arch}-linux`, '--buildroot', at('buildroot'), ...defines];
  // The builder's own macros are in its home.
  const env = { ...process.env, HOME: work, LC_ALL: 'C', SOURCE_DATE_EPOCH: String(release.epochSeconds) };
  const printed = await execute('rpmbuild', [...args, at('roadstead.spec')], { env });
  const made = /^Wrote: (.+\.rpm)$/m.exec(printed)?.[1];
  if (made === undefined) throw new Error(`rpmbuild wrote no package: ${printed}`);
  const file = join(out, basename(made));
  await rename(made, file);
  return [file, await writeSbom(file, release, { packages })];
}

/** RPM has licences at their own place, where an installation without documents keeps them. */
async function moveLicences(root: string): Promise<void> {
  const to = join(root, 'usr/share/licenses/roadstead');
  await mkdir(to, { recursive: true });
  for (const name of ['LICENSE', 'LICENSES.txt'])
    await rename(join(root, 'usr/share/doc/roadstead', name), join(to, name));
}
