import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { S3Client } from '@aws-sdk/client-s3';
import { hashSync } from 'bcrypt';
import { stringify } from 'yaml';
import type { Machine } from '../support/machines/machine.ts';
import { openPark, type Park } from '../support/machines/park.ts';
import { startRadosgw } from '../support/radosgw.ts';
import { tempDir } from '../support/temp.ts';
import { type Authority, makeAuthority } from './authority.ts';
import { type Collection, installCollection, type Played } from './playbook.ts';
import { openRelay } from './relay.ts';

const NAMES = ['front1', 'front2', 'node1', 'node2', 'node3', 'mirror1', 'mirror2'] as const;
type Name = (typeof NAMES)[number] | 'mirror3';
/** Installed, and not running: what the roles configure, so that the tests need no download. */
const PACKAGES = ['nginx-light', 'haproxy', 'redis-server', 'apache2', 'rsync', 'prometheus'];
const SHIPPED = fileURLToPath(new URL('../../ansible/inventories/three-nodes-s3', import.meta.url));
/** Passwords by user, of the shipped inventory's groups. */
export const PASSWORDS = { builder: 'builder-password', releaser: 'releaser-password' } as const;
const SECRET = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';

/** The shipped inventory `three-nodes-s3`, with the addresses of machines of the tests. Nothing is installed yet. */
export interface Site extends AsyncDisposable {
  readonly park: Park<Name>;
  readonly authority: Authority;
  /** The public names: the addresses of the front with nginx, and of that with HAProxy. */
  readonly fronts: readonly [nginx: string, haproxy: string];
  /** Runs a playbook over the inventory. */
  play(name: string, ...args: readonly string[]): Promise<Played>;
  /** Runs the playbook `upgrade`, which has each node serve an image. */
  upgrade(packagePath: string, probeImage: string): Promise<Played>;
  /** Of the API nodes. */
  versions(): Promise<string[]>;
  /** Puts a machine that waits for it into the group of the mirrors. */
  addMirror(name: Name): Promise<void>;
  /** The bucket, past the registry. */
  readonly store: { readonly client: S3Client; readonly bucket: string };
}

/** Boots the machines, with one for a third mirror if that is wanted, starts a store, and writes the inventory. */
export async function openSite(packagePath: string, spare: readonly 'mirror3'[] = []): Promise<Site> {
  await using held = new AsyncDisposableStack();
  const collection: Collection = held.use(await installCollection());
  const [park, s3] = await Promise.all([
    openPark<Name>([...NAMES, ...spare], { packages: PACKAGES }),
    startRadosgw(),
  ]);
  held.use(s3);
  held.use(park);
  // What machines get is in their root directory, however old that is: no lists of packages are fetched.
  const stamp = '/var/lib/apt/periodic/update-success-stamp';
  await Promise.all(Object.values<Machine>(park.machines).map((machine) => machine.write(stamp, '')));
  const home = held.use(await tempDir('site'));
  const { bucket, region } = await s3.newBucket();
  const { credentials } = s3;
  const relay = held.use(await openRelay(park.bridge.host, Number(new URL(s3.endpoint).port)));
  const authority = await makeAuthority(home.path);
  const fronts = [park.machines.front1.address, park.machines.front2.address] as const;
  const inventory = join(home.path, 'inventory');
  await mkdir(join(inventory, 'group_vars/all'), { recursive: true });
  await writeFile(join(inventory, 'hosts.yml'), stringify(await hostsOf(park, authority)));
  const writer = await authority.issue('sync worker');
  const variables = {
    ansible_user: 'root',
    ansible_ssh_private_key_file: park.sshKey,
    ansible_python_interpreter: '/usr/bin/python3',
    roadstead_package: packagePath,
    roadstead_front_name: fronts[0],
    roadstead_bucket: {
      regionendpoint: `http://${park.bridge.host}:${relay.port}`,
      ...{ region, bucket, accesskey: credentials.accessKey },
    },
    roadstead_settle_seconds: 5,
    vault_http_secret: SECRET,
    vault_s3_secretkey: credentials.secretKey,
    vault_redis_password: SECRET,
    vault_htpasswd: Object.entries(PASSWORDS)
      .map(([name, password]) => `${name}:${hashSync(password, 4)}\n`)
      .join(''),
    mirror_writer_certificate: writer.certificate,
    vault_mirror_writer_key: writer.key,
    mirrors_ca: authority.certificate,
  };
  await writeFile(join(inventory, 'group_vars/all/test.yml'), stringify(variables));
  await writeFile(
    join(inventory, 'group_vars/roadstead_mirrors.yml'),
    stringify({
      roadstead_mirror_url: 'https://{{ roadstead_address }}',
      roadstead_mirror_rootcas: ['/etc/roadstead/mirrors-ca.pem'],
      roadstead_mirror_certificate: '{{ test_certificate }}',
      roadstead_mirror_key: '{{ test_key }}',
    }),
  );
  const all = held.move();
  const play: Site['play'] = (name, ...args) =>
    collection.play(name, '-i', SHIPPED, '-i', inventory, ...args);
  return {
    ...{ park, authority, fronts, play },
    upgrade(path, image) {
      const variables = {
        roadstead_package: path,
        roadstead_probe_image: image,
        roadstead_probe_validate_certs: false,
      };
      return play('upgrade', '--extra-vars', JSON.stringify(variables));
    },
    versions: () =>
      Promise.all(
        (['node1', 'node2', 'node3'] as const).map(async (name) => {
          const { stdout } = await park.machines[name].run('readlink', ['/opt/roadstead/current']);
          return stdout.trim();
        }),
      ),
    store: { client: s3.client, bucket },
    addMirror: (name) =>
      writeFile(
        join(inventory, 'hosts-later.yml'),
        stringify({ all: { children: { roadstead_mirrors: { hosts: { [name]: {} } } } } }),
      ),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** The machines behind the names of the shipped inventory; a second front with HAProxy, and a third mirror, not yet in use. */
async function hostsOf({ machines }: Park<Name>, authority: Authority): Promise<object> {
  const at = (name: Name) => {
    const { address } = machines[name];
    return { ansible_host: address, roadstead_address: address };
  };
  const withCertificate = async (name: Name) => {
    const { certificate, key } = await authority.issue(name, machines[name].address);
    return { ...at(name), test_certificate: certificate, test_key: key };
  };
  const front = {
    roadstead_front_certificate: '{{ test_certificate }}',
    roadstead_front_key: '{{ test_key }}',
  };
  return {
    all: {
      hosts: {
        front1: { ...(await withCertificate('front1')), ...front },
        front2: { ...(await withCertificate('front2')), ...front, roadstead_front_server: 'haproxy' },
        ...Object.fromEntries((['node1', 'node2', 'node3'] as const).map((name) => [name, at(name)])),
        mirror1: await withCertificate('mirror1'),
        mirror2: await withCertificate('mirror2'),
        ...(machines.mirror3 && { mirror3: await withCertificate('mirror3') }),
        // Two more names of machines that have room.
        redis1: at('front1'),
        monitor1: at('front2'),
      },
      children: { roadstead_front: { hosts: { front2: {} } } },
    },
  };
}
