import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import type { Machine } from '../support/machines/machine.ts';
import { tempDir } from '../support/temp.ts';

/** A slow machine with one processor busy. */
export const SLOW_MS = 60_000;

/** Installs a package with apt, which fetches what it depends on. */
export async function installPackage(machine: Machine, path: string): Promise<string> {
  const inside = '/root/package.deb';
  await machine.copyIn(path, inside);
  const { stdout } = await machine.script(
    `DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install ${inside} 2>&1`,
    { timeoutMs: 180_000 },
  );
  return stdout;
}

/** Properties of a unit by their names, as `systemctl show` has them. */
export async function propertiesOf<Name extends string>(
  machine: Machine,
  unit: string,
  ...names: readonly Name[]
): Promise<Record<Name, string>> {
  const { stdout } = await machine.run('systemctl', ['show', unit, `--property=${names.join(',')}`]);
  const lines = stdout.trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  ) as Record<Name, string>;
}

/** What a unit has logged. */
export async function journalOf(machine: Machine, unit: string): Promise<string> {
  const { stdout } = await machine.run('journalctl', ['-u', unit, '-o', 'cat', '--no-pager']);
  return stdout;
}

/** Waits until a unit has a state, such as `active` or `failed`. */
export async function untilState(machine: Machine, unit: string, state: string): Promise<void> {
  let last: unknown;
  await eventually(
    () => ({ [unit]: last, expected: state }),
    async () => {
      last = (await propertiesOf(machine, unit, 'ActiveState')).ActiveState;
      return last === state;
    },
    SLOW_MS,
    100,
  );
}

/** Puts an image of its own into a machine, at `/root/image`. */
export async function bringImage(machine: Machine): Promise<ImageLayout> {
  await using made = await tempDir('image');
  const layout = await makeImageLayout(`${made.path}/image`);
  await machine.copyIn(layout.directory, '/root/image');
  return layout;
}

/** Pushes that image as a candidate, promotes it, and pulls it again, with skopeo and our own command. */
export async function useRegistry(machine: Machine, layout: ImageLayout, tag = '1'): Promise<void> {
  await machine.script(
    `skopeo --insecure-policy copy --all --dest-tls-verify=false oci:/root/image:multi docker://127.0.0.1:5000/candidate/hello:${tag}
    roadstead promote candidate/hello:${tag} hello:${tag}`,
    { timeoutMs: SLOW_MS },
  );
  expect(await pulledDigest(machine, tag)).to.equal(layout.digests.multi);
}

/** The digest of the stable image, all of which was pulled. */
export async function pulledDigest(machine: Machine, tag = '1'): Promise<string> {
  const { stdout } = await machine.script(
    `rm -rf /tmp/pulled
    skopeo --insecure-policy copy -q --all --src-tls-verify=false docker://127.0.0.1:5000/hello:${tag} oci:/tmp/pulled:x
    skopeo inspect --raw oci:/tmp/pulled:x | sha256sum | cut -d ' ' -f 1`,
    { timeoutMs: SLOW_MS },
  );
  return `sha256:${stdout.trim()}`;
}
