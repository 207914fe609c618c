/** A file as a disk has it: what was written, and what of it was synced. */
export class DiskFile {
  bytes: Buffer = Buffer.alloc(0);
  /** What a power cut leaves for certain. */
  durable: Buffer = Buffer.alloc(0);

  sync(bytes: Buffer): void {
    this.bytes = bytes;
    this.durable = bytes;
  }
}

/** A directory: its entries, and those that were synced. */
export class DiskDirectory {
  readonly entries = new Map<string, DiskNode>();
  durable: ReadonlyMap<string, DiskNode> = new Map();

  sync(): void {
    this.durable = new Map(this.entries);
  }
}

export type DiskNode = DiskFile | DiskDirectory;

/**
 * What a power cut makes of what was not synced. POSIX promises nothing of it: each entry of a directory may be as it was
 * synced last, or as it is now, and so may the bytes of each file.
 */
export interface PowerCut {
  readonly name: string;
  /** The entry under a name, of those it was synced as and is now; undefined for none. */
  readonly entry: (durable: DiskNode | undefined, now: DiskNode | undefined) => DiskNode | undefined;
  readonly bytes: (file: DiskFile) => Buffer;
}

const synced = (file: DiskFile) => file.durable;
/** Of a file that was only added to since, what was synced is there. */
const half = ({ durable, bytes }: DiskFile) => {
  if (durable === bytes) return bytes;
  const isAddedTo = bytes.subarray(0, durable.length).equals(durable);
  return bytes.subarray(0, Math.max(isAddedTo ? durable.length : 0, Math.floor(bytes.length / 2)));
};

/** What POSIX allows at the least. */
export const NOTHING_LEFT: PowerCut = {
  name: 'nothing unsynced is left',
  entry: (durable) => durable,
  bytes: synced,
};

/** The other ways that are as bad as can be. */
export const OTHER_CUTS: readonly PowerCut[] = [
  { name: 'names are ahead of bytes', entry: (_, now) => now, bytes: synced },
  { name: 'names are ahead of halves', entry: (_, now) => now, bytes: half },
  { name: 'all is left', entry: (_, now) => now, bytes: ({ bytes }) => bytes },
  { name: 'only removals are left', entry: (durable, now) => (now ? durable : undefined), bytes: synced },
  { name: 'only additions are left', entry: (durable, now) => now ?? durable, bytes: ({ bytes }) => bytes },
];

/** Any mixture, by a coin. */
export function anyPowerCut(coin: () => boolean): PowerCut {
  return {
    name: 'a mixture is left',
    entry: (durable, now) => (coin() ? durable : now),
    bytes: (file) => (coin() ? file.durable : coin() ? half(file) : file.bytes),
  };
}

/** The files that a power cut leaves below a directory, by their paths in it; those with a dot in front are no objects. */
export function filesAfter(directory: DiskDirectory, cut: PowerCut, path = ''): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of new Set([...directory.durable.keys(), ...directory.entries.keys()])) {
    if (name.startsWith('.')) continue;
    const node = cut.entry(directory.durable.get(name), directory.entries.get(name));
    if (node instanceof DiskFile) files.set(path + name, cut.bytes(node));
    else if (node) for (const [key, bytes] of filesAfter(node, cut, `${path}${name}/`)) files.set(key, bytes);
  }
  return files;
}
