import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './root.ts';

/** The native packages, and what they load at run time. */
export const NATIVE_PACKAGES = ['bcrypt', 'node-gyp-build'];

/** What these packages do not need to run: sources, and code for other machines. */
const NEEDED = /^(package\.json|LICEN[CS]E.*|[^.]+\.js|prebuilds)$/;

/** Copies the native packages, with code for these platforms (`linux-x64`), into a `node_modules` directory. */
export async function copyNative(modules: string, platforms: readonly string[]): Promise<void> {
  for (const name of NATIVE_PACKAGES) {
    const from = join(ROOT, 'node_modules', name);
    await mkdir(join(modules, name), { recursive: true });
    for (const entry of (await readdir(from)).filter((each) => NEEDED.test(each)))
      await cp(join(from, entry), join(modules, name, entry), {
        recursive: true,
        filter: (path) => {
          const [, platform] = /\/prebuilds\/([^/]+)/.exec(path) ?? [];
          return platform === undefined || platforms.includes(platform);
        },
      });
  }
}
