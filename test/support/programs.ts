import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps daemons in sbin, which an ordinary user does not have on the PATH. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Settings of the person running the tests that would otherwise decide how a client or a registry behaves. */
const FOREIGN_SETTINGS = /^(REGISTRY|DOCKER|CONTAINERS|CONTAINER|STORAGE|BUILDAH|CONTAINERD)_/;

function searchPath(): string[] {
  const own = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  return [...own, ...SYSTEM_DIRECTORIES.filter((directory) => !own.includes(directory))];
}

/** The absolute path of a program on this machine, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  return searchPath()
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * The environment every child of the tests gets: this process's own, without the settings of container tools, plus
 * `extra`. Debian's docker-registry reads each `REGISTRY_*` variable as configuration, and so refuses to start when
 * skopeo's `REGISTRY_AUTH_FILE` is inherited; the others would let a person's own logins and storage into a test.
 */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || FOREIGN_SETTINGS.test(name) ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(inherited), PATH: searchPath().join(delimiter), ...extra };
}
