import type { Config } from './schema.ts';

/** The required content of a file. */
export type FileKind = 'certificate' | 'private key' | 'certificates' | 'key set' | 'htpasswd';

/** The processes that can read a file. */
export type FileReader = 'api' | 'token' | 'release' | 'sync';

/** A file that a setting names. */
export interface NamedFile {
  /** Such as `http.tls.key`, or `mirrors.0.write.rootcas.1`. */
  readonly key: string;
  readonly path: string;
  readonly kind: FileKind;
  /** For a private key: the setting that names its certificate. */
  readonly ofCertificate?: string;
  readonly readers: readonly FileReader[];
}

const EVERYONE: readonly FileReader[] = ['api', 'token', 'release', 'sync'];
const LISTENERS: readonly FileReader[] = ['api', 'token', 'release'];

/** Every file that a configuration names; they are all checked and reported in one way. */
export function filesOf(config: Config): NamedFile[] {
  const { http, promotion, token, auth, accounts, mirrors, redis } = config;
  return [
    // The certificate of every service without its own.
    ...serverFiles('http.tls', LISTENERS, http.tls),
    ...serverFiles('promotion.http.tls', ['release'], promotion?.http?.tls),
    ...serverFiles('token.http.tls', ['token'], token?.http?.tls),
    ...serverFiles('http.debug.tls', EVERYONE, http.debug?.tls),
    ...filesIn('auth', EVERYONE, [
      ['htpasswd.path', auth?.htpasswd?.path, 'htpasswd'],
      ['token.rootcertbundle', auth?.token?.rootcertbundle, 'certificates'],
      ['token.jwks', auth?.token?.jwks, 'key set'],
    ]),
    ...filesIn('token', EVERYONE, [['certificate', token?.certificate, 'certificates']]),
    ...filesIn('token', ['token'], [['key', token?.key, 'private key', 'certificate']]),
    ...accounts.flatMap(({ keystone, htpasswd, oidc }, i) =>
      filesIn(
        `accounts.${i}`,
        ['token'],
        [
          ['htpasswd.path', htpasswd?.path, 'htpasswd'],
          ['keystone.rootcas', keystone?.rootcas, 'certificates'],
          ['oidc.rootcas', oidc?.rootcas, 'certificates'],
        ],
      ),
    ),
    ...filesIn('redis.tls', EVERYONE, [
      ['certificate', redis?.tls?.certificate, 'certificate'],
      ['key', redis?.tls?.key, 'private key', 'certificate'],
      ['rootcas', redis?.tls?.rootCas, 'certificates'],
    ]),
    ...mirrors.flatMap(({ rootcas }, i) =>
      filesIn(`mirrors.${i}`, ['sync'], [['rootcas', rootcas, 'certificates']]),
    ),
    ...mirrors.flatMap(({ write }, i) =>
      'webdav' in write
        ? filesIn(
            `mirrors.${i}.write`,
            ['sync'],
            [
              ['clientcertificate', write.clientcertificate, 'certificate'],
              ['clientkey', write.clientkey, 'private key', 'clientcertificate'],
              ['rootcas', write.rootcas, 'certificates'],
            ],
          )
        : [],
    ),
  ];
}

function serverFiles(
  section: string,
  readers: readonly FileReader[],
  tls: Config['http']['tls'],
): NamedFile[] {
  return filesIn(section, readers, [
    ['certificate', tls?.certificate, 'certificate'],
    ['key', tls?.key, 'private key', 'certificate'],
    ['clientcas', tls?.clientCas, 'certificates'],
  ]);
}

type Row = [key: string, paths: string | string[] | undefined, kind: FileKind, ofCertificate?: string];

function filesIn(section: string, readers: readonly FileReader[], rows: readonly Row[]): NamedFile[] {
  return rows.flatMap(([name, paths = [], kind, certificate]) => {
    const key = `${section}.${name}`;
    if (typeof paths !== 'string')
      return paths.map((path, i) => ({ key: `${key}.${i}`, path, kind, readers }));
    const ofCertificate = certificate && { ofCertificate: `${section}.${certificate}` };
    return [{ key, path: paths, kind, readers, ...ofCertificate }];
  });
}
