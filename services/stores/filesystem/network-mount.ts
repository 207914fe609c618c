import { ifThere } from './errors.ts';
import { readFile, realpath } from './fs.ts';

/** Where Linux lists the mounts that this process sees. */
const MOUNTS = '/proc/self/mounts';

/** Network file systems whose clients cache names, or that have no atomic rename or link. */
const INCOHERENT = /^(cifs|smb3?|9p|fuse\.(sshfs|s3fs|rclone|gcsfuse|goofys|glusterfs|davfs\d*))$/;

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * Why processes on other machines may not share a store below this directory, as a message for the log; undefined if
 * nothing speaks against it, or the system does not show its mounts.
 */
export async function sharingDoubt(rootDirectory: string, mountsPath = MOUNTS): Promise<string | undefined> {
  const [mounts, root] = await Promise.all([
    ifThere(readFile(mountsPath, 'utf8')),
    ifThere(realpath(rootDirectory)),
  ]);
  const mount = mounts === undefined || root === undefined ? undefined : mountOf(mounts, root);
  if (mount === undefined) return undefined;
  const where = `storage.filesystem.rootdirectory = ${rootDirectory} is on ${mount.type}`;
  const advice = 'Processes on one machine may use it; for several machines see docs/cluster.md';
  if (INCOHERENT.test(mount.type))
    return `${where}, which does not show the changes of other machines at once. ${advice}`;
  if (!/^nfs4?$/.test(mount.type)) return undefined;
  const lacks = lacksOf(mount.options);
  if (lacks.length === 0) return undefined;
  return `${where}, mounted without ${lacks.join(', ')}: changes of other machines are seen late. ${advice}`;
}

/** Mount options, as they are given to mount(8), that NFS lacks for a store that machines share. */
function lacksOf(options: readonly string[]): string[] {
  const has = (...wanted: readonly string[]) => wanted.every((option) => options.includes(option));
  const isUncached = has('noac') || has('acregmin=0', 'acregmax=0', 'acdirmin=0', 'acdirmax=0');
  return [
    ...(options.some((option) => /^vers=4/.test(option)) ? [] : ['vers=4.2']),
    ...(isUncached ? [] : ['actimeo=0']),
    ...(has('lookupcache=none') ? [] : ['lookupcache=none']),
    ...(has('hard') ? [] : ['hard']),
  ];
}

/** The mount that a path is on: of those above it the deepest, and of several at one place the last. */
function mountOf(mounts: string, path: string): Mount | undefined {
  const above = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, point = '', type = '', options = '']) => ({
      point: unescaped(point),
      type,
      options: options.split(','),
    }))
    .filter(({ point }) => point !== '' && (path === point || path.startsWith(point.replace(/\/?$/, '/'))));
  const deepest = Math.max(...above.map(({ point }) => point.length));
  return above.findLast(({ point }) => point.length === deepest);
}

/** Blanks and backslashes are written in octal, as in fstab(5). */
function unescaped(point: string): string {
  return point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
