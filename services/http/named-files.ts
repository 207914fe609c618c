import { readFile } from '../files/settings-files.ts';
import { messageOf } from '../registry/runtime/message-of.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';

/** A file, and the key of the configuration that names it. */
export interface NamedFile {
  readonly key: string;
  readonly path: string;
}

/** A setting and its file, for errors. Someone will paste the key itself where its path belongs, and messages go into logs. */
export function named({ key, path }: NamedFile): string {
  return `${key} = ${/[\r\n]|-----/.test(path) ? '(not shown, no path)' : path}:`;
}

/** Reads a file. Throws an Error that names the key and the file. */
export async function readNamed(file: NamedFile): Promise<Buffer> {
  try {
    return await readFile(file.path);
  } catch (error) {
    // The message would repeat the path, whatever was written in its place.
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OperatorError(`${named(file)} cannot be read (${reason})`, { cause: reason });
  }
}

/** Makes something of a file's content. What `make` throws becomes an OperatorError that names the file. */
export function ofFile<T>(file: NamedFile, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new OperatorError(`${named(file)} ${messageOf(error)}`);
  }
}

/** Makes something of files. What `make` throws becomes an OperatorError: this problem, and the reason in parentheses. */
export function ofFiles<T>(problem: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new OperatorError(`${problem} (${messageOf(error)})`);
  }
}
