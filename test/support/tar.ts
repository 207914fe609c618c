/** A file, directory (name ends with a slash) or symbolic link of a layer. */
export interface TarEntry {
  readonly name: string;
  readonly content?: Buffer;
  readonly mode?: number;
  readonly linkTo?: string;
}

const BLOCK_BYTES = 512;
const DIRECTORY = '5';
const SYMLINK = '2';
const REGULAR = '0';

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`;
}

function header(entry: TarEntry): Buffer {
  const isDirectory = entry.name.endsWith('/');
  const type = isDirectory ? DIRECTORY : entry.linkTo === undefined ? REGULAR : SYMLINK;
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(entry.name, 0, 100);
  block.write(octal(entry.mode ?? (isDirectory ? 0o755 : 0o644), 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(entry.content?.length ?? 0, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write(entry.linkTo ?? '', 157, 100);
  block.write('ustar\x0000', 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)} `, 148);
  return block;
}

/** A tar archive (ustar) whose bytes depend on nothing but the entries: no times, no owners. */
export function makeTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.content ?? Buffer.alloc(0);
    const paddingBytes = (BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES;
    return [header(entry), content, Buffer.alloc(paddingBytes)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}
