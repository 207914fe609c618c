import { DESCRIPTION, HOMEPAGE, MAINTAINER, packageVersion, SUMMARY } from './about.ts';
import type { Bundled } from './licences.ts';
import type { Release } from './release.ts';

/** Debian's names of Node's architectures. */
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const;

/** Debian's architecture of a release. */
export function debianArchitecture({ arch }: Release): string {
  return ARCHITECTURES[arch];
}

/** `DEBIAN/control`. `libraries` are the packages of the shared libraries that the programs need. */
export function controlText(release: Release, libraries: string, installedKib: number): string {
  return `Package: roadstead
Version: ${packageVersion(release)}
Architecture: ${debianArchitecture(release)}
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKib}
Pre-Depends: init-system-helpers (>= 1.54~)
Depends: ${libraries}, systemd | systemd-standalone-sysusers | systemd-sysusers
Recommends: ca-certificates
Suggests: haproxy | nginx, redis-server, resource-agents, skopeo
Section: net
Priority: optional
Homepage: ${HOMEPAGE}
Description: ${SUMMARY}
${DESCRIPTION.map((lines) => lines.replace(/^/gm, ' ')).join('\n .\n')}
`;
}

/** The changelog of a package that is made from its own sources. */
export function changelogText(release: Release): string {
  const date = new Date(release.epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  return `roadstead (${packageVersion(release)}) stable; urgency=medium

  * Version ${release.version}. What changed:
    ${HOMEPAGE}/blob/main/docs/changelog.md

 -- ${MAINTAINER}  ${date}
`;
}

/** `copyright` in Debian's machine-readable format. The texts of what is bundled are in a file next to it. */
export function copyrightText(packages: readonly Bundled[]): string {
  const bundled = packages.map(({ name, version, license }) => `  ${name} ${version}: ${license}\n`);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Roadstead
Source: ${HOMEPAGE}
Comment:
 The package contains these packages of npm, with Node.js itself. Their
 copyrights and licences are in /usr/share/doc/roadstead/LICENSES.txt.gz.
 .
${bundled.join('')}
Files: *
Copyright: 2026 The Roadstead authors
License: Apache-2.0
 On Debian systems, the full text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
`;
}
