import fs, { constants, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import { DiskDirectory, DiskFile, type DiskNode } from './disk.ts';

/** What the file system was asked for, as the recorder tells it. */
export interface DiskCall {
  readonly call: 'create' | 'mkdir' | 'rename' | 'link' | 'unlink' | 'rmdir' | 'sync file' | 'sync directory';
  /** Below the root. */
  readonly path: string;
}

export interface RecordedFsOptions {
  /** Hears of each call just before it takes effect. */
  readonly onCall: (call: DiskCall) => void;
  /** True for a sync that is to be none: what a program would be that had forgotten it. */
  readonly isForgotten?: (call: DiskCall) => boolean;
}

/** The calls of `node:fs/promises` that are recorded: a program that writes by any other is not to be judged by this. */
export const RECORDED_CALLS = ['open', 'mkdir', 'rename', 'link', 'unlink', 'rmdir', 'rm'] as const;

const real = { ...fs.promises };

/**
 * Keeps account, for one directory of this machine, of what of it would survive a power cut: takes the place of
 * `node:fs/promises` until it is disposed. Each call is carried out at once and whole, so the account has one order.
 */
export class RecordedFs implements Disposable {
  readonly root = new DiskDirectory();
  readonly #path: string;
  readonly #options: RecordedFsOptions;

  /** `path` is there and empty. */
  constructor(path: string, options: RecordedFsOptions) {
    this.#path = resolve(path);
    this.#options = options;
    Object.assign(fs.promises, {
      open: (at: string, flags?: string | number, mode?: number) => this.#open(at, flags, mode),
      mkdir: async (at: string, given?: fs.MakeDirectoryOptions) => this.#mkdir(at, given),
      rename: async (from: string, to: string) => this.#rename(from, to),
      link: async (from: string, to: string) => this.#link(from, to),
      unlink: async (at: string) => this.#remove('unlink', at, () => fs.unlinkSync(at)),
      rmdir: async (at: string) => this.#remove('rmdir', at, () => fs.rmdirSync(at)),
      rm: async (at: string, given?: fs.RmOptions) => this.#rm(at, given),
    });
    syncBuiltinESMExports();
  }

  [Symbol.dispose](): void {
    Object.assign(fs.promises, real);
    syncBuiltinESMExports();
  }

  async #open(at: string, flags: string | number = 'r', mode?: number): Promise<FileHandle> {
    const name = this.#nameOf(at);
    const mayCreate = typeof flags === 'number' ? (flags & constants.O_CREAT) !== 0 : /^[wa]/.test(flags);
    if (name === undefined) return real.open(at, flags, mode);
    if (mayCreate && this.#find(name) === undefined) {
      // Made before the handle is asked for, so that nobody sees it without its entry.
      this.#tell('create', name);
      fs.closeSync(fs.openSync(at, 'wx', mode));
      this.#enter(name, new DiskFile());
      return this.#watched(await real.open(at, 'r+', mode), name);
    }
    return this.#watched(await real.open(at, flags, mode), name);
  }

  #watched(handle: FileHandle, name: string): FileHandle {
    const node = this.#find(name);
    const content = () => readFileSync(`/proc/self/fd/${handle.fd}`);
    const sync = async () => {
      const call = { call: node instanceof DiskFile ? 'sync file' : 'sync directory', path: name } as const;
      this.#options.onCall(call);
      if (this.#options.isForgotten?.(call)) return;
      if (node instanceof DiskFile) node.sync(content());
      else node?.sync();
    };
    const close = handle.close.bind(handle);
    return Object.assign(handle, {
      sync,
      datasync: sync,
      async close() {
        if (node instanceof DiskFile && !content().equals(node.bytes)) node.bytes = content();
        await close();
      },
    });
  }

  #mkdir(at: string, given: fs.MakeDirectoryOptions = {}): void {
    const name = this.#nameOf(at);
    if (name === undefined) {
      fs.mkdirSync(at, given);
      return;
    }
    const parent = dirname(name);
    if (given.recursive && name !== '' && this.#find(parent) === undefined) this.#mkdir(dirname(at), given);
    if (given.recursive && this.#find(name) !== undefined) return;
    this.#tell('mkdir', name);
    fs.mkdirSync(at);
    this.#enter(name, new DiskDirectory());
  }

  #rename(from: string, to: string): void {
    const [old, name] = [this.#nameOf(from), this.#nameOf(to)];
    if (old === undefined || name === undefined) throw new Error('a store keeps to its directory');
    this.#tell('rename', name);
    fs.renameSync(from, to);
    const node = this.#find(old);
    this.#leave(old);
    if (node) this.#enter(name, node);
  }

  #link(from: string, to: string): void {
    const [old, name] = [this.#nameOf(from), this.#nameOf(to)];
    if (old === undefined || name === undefined) throw new Error('a store keeps to its directory');
    this.#tell('link', name);
    fs.linkSync(from, to);
    const node = this.#find(old);
    if (node) this.#enter(name, node);
  }

  #remove(call: DiskCall['call'], at: string, remove: () => void): void {
    const name = this.#nameOf(at);
    if (name !== undefined) this.#tell(call, name);
    remove();
    if (name !== undefined) this.#leave(name);
  }

  #rm(at: string, given?: fs.RmOptions): void {
    if (given?.recursive) throw new Error('a store removes no trees');
    if (fs.existsSync(at)) this.#remove('unlink', at, () => fs.unlinkSync(at));
    else if (!given?.force) fs.unlinkSync(at);
  }

  #tell(call: DiskCall['call'], path: string): void {
    this.#options.onCall({ call, path });
  }

  /** The path below the root, '' for the root itself; undefined for what is elsewhere. */
  #nameOf(at: string): string | undefined {
    const name = relative(this.#path, resolve(at));
    return name === '..' || name.startsWith(`..${sep}`) ? undefined : name;
  }

  #find(name: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.root;
    for (const part of partsOf(name))
      node = node instanceof DiskDirectory ? node.entries.get(part) : undefined;
    return node;
  }

  #enter(name: string, node: DiskNode): void {
    this.#parent(name).entries.set(partsOf(name).at(-1) ?? '', node);
  }

  #leave(name: string): void {
    this.#parent(name).entries.delete(partsOf(name).at(-1) ?? '');
  }

  #parent(name: string): DiskDirectory {
    const parent = this.#find(dirname(name));
    if (parent instanceof DiskDirectory) return parent;
    throw new Error(`there is no directory for ${name}`);
  }
}

function partsOf(name: string): string[] {
  return name.split(sep).filter((part) => part !== '' && part !== '.');
}
