import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DESCRIPTION, HOMEPAGE, MAINTAINER, packageVersion, SUMMARY } from './about.ts';
import type { Bundled } from './licences.ts';
import type { Release } from './release.ts';
import { ROOT } from './root.ts';

/** RPM's names of Node's architectures. */
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' } as const;

/** RPM's architecture of a release. */
export function rpmArchitecture({ arch }: Release): string {
  return ARCHITECTURES[arch];
}

/** The spec file of a release, from its template; throws if the template has a name that has no value. */
export async function specText(release: Release, packages: readonly Bundled[]): Promise<string> {
  const values: Readonly<Record<string, string>> = {
    VERSION: packageVersion(release),
    LABEL: release.version,
    SUMMARY,
    LICENSE: licenceOf(packages),
    HOMEPAGE,
    MAINTAINER,
    DESCRIPTION: DESCRIPTION.join('\n\n'),
    DATE: dateOf(release),
  };
  const template = await readFile(join(ROOT, 'infra/rpm/roadstead.spec'), 'utf8');
  return template.replaceAll(/@([A-Z]+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`infra/rpm/roadstead.spec: @${name}@ has no value`);
    // A macro in a value would be expanded.
    return value.replaceAll('%', '%%');
  });
}

/** One expression of SPDX for the program and all that is bundled with it. */
function licenceOf(packages: readonly Bundled[]): string {
  const each = packages.map(({ license }) =>
    /\s/.test(license) ? license.replace(/^\(?(.*?)\)?$/, '($1)') : license,
  );
  return [...new Set(['Apache-2.0', ...each])].toSorted().join(' AND ');
}

/** The date of a changelog: `Mon Nov 06 2023`. */
function dateOf({ epochSeconds }: Release): string {
  const [day = '', date, month, year] = new Date(epochSeconds * 1000).toUTCString().split(' ');
  return [day.replace(',', ''), month, date, year].join(' ');
}
