import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { run, startDaemon } from './process.ts';
import { reachS3, type S3Server } from './s3-server.ts';
import { tempDir } from './temp.ts';

/** What a suite has to ask for (see `requires`). */
export const RADOSGW_PROGRAMS = ['ceph-mon', 'ceph-osd', 'ceph', 'monmaptool', 'radosgw', 'radosgw-admin'];

const CREDENTIALS = { accessKey: 'testaccess', secretKey: 'testsecret' };
const USER = 'test';
/** Of the object store's daemon; nothing of it is on the disk. */
const MEMORY_BYTES = 8 * 1024 ** 3;
const OSD_PORTS = 40;

/** A Ceph cluster of one machine with its gateway, which speaks S3; all in memory, on loopback, gone when disposed. */
export interface Radosgw extends S3Server, AsyncDisposable {
  /** `radosgw-admin ARGS`. */
  admin(...args: readonly string[]): Promise<void>;
}

/** Starts a cluster: a monitor, one OSD in memory, and a gateway with one user. */
export async function startRadosgw(): Promise<Radosgw> {
  await using cleanUp = new AsyncDisposableStack();
  const { path } = cleanUp.use(await tempDir('ceph'));
  for (const name of ['mon', 'osd', 'rgw', 'run']) await mkdir(join(path, name));
  const [port, monitorPort, osdPort] = [await freePort(), await freePort(), await freePort()];
  const fsid = randomUUID();
  const configPath = join(path, 'ceph.conf');
  await writeFile(configPath, configuration({ path, fsid, port, monitorPort, osdPort }));
  const monitor = `[v2:127.0.0.1:${monitorPort}]`;
  const ceph = (program: string, ...args: readonly string[]) =>
    run(program, ['-c', configPath, ...args], { timeoutMs: 60_000 });
  const daemon = async (program: string, args: readonly string[], ready: () => Promise<boolean> | boolean) =>
    cleanUp.use(await startDaemon(program, ['-c', configPath, ...args, '-f'], { ready, timeoutMs: 60_000 }));

  const mapPath = join(path, 'monmap');
  await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', monitor, mapPath]);
  await ceph('ceph-mon', '-i', 'a', '--mkfs', '--monmap', mapPath);
  await daemon('ceph-mon', ['-i', 'a'], () => true);
  const osdId = randomUUID();
  await ceph('ceph', 'osd', 'new', osdId);
  await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osdId);
  await daemon('ceph-osd', ['-i', '0'], () => true);
  const endpoint = `http://127.0.0.1:${port}`;
  const isUp = async () => (await fetch(endpoint)).ok;
  await daemon('radosgw', ['-n', 'client.rgw.a'], isUp);
  const admin = async (...args: readonly string[]) => {
    await ceph('radosgw-admin', '-n', 'client.rgw.a', ...args);
  };
  const { accessKey, secretKey } = CREDENTIALS;
  const keys = [`--access-key=${accessKey}`, `--secret=${secretKey}`];
  await admin('user', 'create', `--uid=${USER}`, `--display-name=${USER}`, ...keys);

  const s3 = reachS3(endpoint, CREDENTIALS, cleanUp);
  const held = cleanUp.move();
  return {
    ...s3,
    admin,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

interface Cluster {
  readonly path: string;
  readonly fsid: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly osdPort: number;
}

/** No authentication inside, one copy of everything, and decisions without the pauses that large clusters need. */
function configuration({ path, fsid, port, monitorPort, osdPort }: Cluster): string {
  return `
[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}]
auth cluster required = none
auth service required = none
auth client required = none
paxos propose interval = 0.05
paxos min wait = 0.01
mon osd min in ratio = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind port min = ${osdPort}
ms bind port max = ${osdPort + OSD_PORTS}
ms bind msgr1 = false
ms mon client mode = crc
log file = ${path}/run/$name.log
admin socket = ${path}/run/$name.asok
pid file = ${path}/run/$name.pid
run dir = ${path}/run
crash dir = ${path}/run
[mon.a]
mon data = ${path}/mon
[osd.0]
osd data = ${path}/osd
osd objectstore = memstore
memstore device bytes = ${MEMORY_BYTES}
[client.rgw.a]
auth client required = none
rgw data = ${path}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw thread pool size = 64
rgw enable usage log = false
rgw enable ops log = false
rgw gc processor period = 60
rgw dynamic resharding = false
rgw bucket quota ttl = 0
rgw user quota bucket sync interval = 1
`;
}
