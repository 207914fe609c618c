import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

export type Calls = Pick<
  typeof fs.promises,
  'link' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'stat' | 'unlink'
>;

/** The calls as they are. */
export const real = { ...fs.promises };

/** Takes the place of calls of `node:fs/promises`, for the whole process. */
export function replacing(calls: Partial<Calls>): Disposable {
  Object.assign(fs.promises, calls);
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]() {
      Object.assign(fs.promises, real);
      syncBuiltinESMExports();
    },
  };
}

/** An error of the system, such as EIO. */
export const failure = (code: string) => Object.assign(new Error(`${code}: made up`), { code });
