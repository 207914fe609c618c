import { writeFile } from 'node:fs/promises';
import { Enums, Models, Serialize, SPDX, Spec } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import type { Bundled } from './licences.ts';
import type { Release } from './release.ts';

const { Component } = Models;
const { Library, Platform, Application } = Enums.ComponentType;

/** What an artifact contains. */
export interface Contents {
  readonly packages: readonly Bundled[];
  /** Debian packages, by the names of their archives: `libc6_2.41-12_amd64.deb`. */
  readonly debian?: readonly string[];
}

/** Writes the bill of materials next to an artifact, in CycloneDX's JSON; returns its path. */
export async function writeSbom(artifact: string, release: Release, contents: Contents): Promise<string> {
  const bom = new Models.Bom({ metadata: new Models.Metadata(), version: 1 });
  bom.metadata.timestamp = new Date(release.epochSeconds * 1000);
  bom.metadata.component = new Component(Application, 'roadstead', {
    version: release.version,
    bomRef: `roadstead@${release.version}`,
    licenses: licenceOf('Apache-2.0'),
    ...(release.commit !== undefined && {
      properties: new Models.PropertyRepository([new Models.Property('roadstead:commit', release.commit)]),
    }),
  });
  const components = [...contents.packages.map(fromNpm), ...(contents.debian ?? []).map(fromDebian)];
  for (const component of components) {
    bom.components.add(component);
    bom.metadata.component.dependencies.add(component.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const file = `${artifact}.cdx.json`;
  await writeFile(file, `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`);
  return file;
}

function fromNpm({ name: full, version, license, path }: Bundled): Models.Component {
  const [name = '', group] = full.split('/').toReversed();
  const purl = new PackageURL('npm', group, name, version, undefined, undefined).toString();
  const isNode = full.startsWith('node-linux-');
  return new Component(isNode ? Platform : Library, name, {
    ...{ version, purl, licenses: licenceOf(license) },
    // A package may be there twice in one version.
    bomRef: `${purl}#${path}`,
    ...(group !== undefined && { group }),
    ...(isNode && { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` }),
  });
}

function fromDebian(archive: string): Models.Component {
  const [name = '', version = '', arch = ''] = archive.replace(/^.*\/|\.deb$/g, '').split('_');
  // apt writes an epoch's colon so.
  const plain = version.replaceAll('%3a', ':');
  const purl = new PackageURL('deb', 'debian', name, plain, { arch }, undefined).toString();
  return new Component(Library, name, { version: plain, purl, bomRef: purl });
}

function licenceOf(license: string): Models.LicenseRepository {
  const known = SPDX.isSupportedSpdxId(license);
  return new Models.LicenseRepository([
    known ? new Models.SpdxLicense(license) : new Models.NamedLicense(license),
  ]);
}
