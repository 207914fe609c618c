import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, renameSync, rmSync } from 'node:fs';

/** A FIFO in a file's place: whoever opens it waits, as for a file system that does not answer. Disposing lets them go. */
export interface Fifo extends Disposable {
  /** Lets all who wait go on; they find an empty file, or their file system back. */
  release(): void;
  /** Moves it out of the way and puts another file there, then lets all who wait go on. */
  replaceWith(file: string): void;
}

/** Makes one at a path where nothing is. */
export function makeFifo(path: string): Fifo {
  execFileSync('mkfifo', [path]);
  let at = path;
  const release = () => {
    try {
      // Both ends at once, so that this never waits.
      closeSync(openSync(at, constants.O_RDWR | constants.O_NONBLOCK));
    } catch {
      // Gone with its directory.
    }
  };
  return {
    release,
    replaceWith(file) {
      at = `${path}.fifo`;
      renameSync(path, at);
      renameSync(file, path);
      release();
    },
    [Symbol.dispose]() {
      release();
      rmSync(at, { force: true });
    },
  };
}
