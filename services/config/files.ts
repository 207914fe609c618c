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
    ...tlsFiles('http.tls', http.tls, LISTENERS),
    ...tlsFiles('promotion.http.tls', promotion?.http?.tls, ['release']),
    ...tlsFiles('token.http.tls', token?.http?.tls, ['token']),
    ...file('auth.htpasswd.path', auth?.htpasswd?.path, 'htpasswd', EVERYONE),
    ...file('auth.token.rootcertbundle', auth?.token?.rootcertbundle, 'certificates', EVERYONE),
    ...file('auth.token.jwks', auth?.token?.jwks, 'key set', EVERYONE),
    ...file('token.certificate', token?.certificate, 'certificates', EVERYONE),
    ...file('token.key', token?.key, 'private key', ['token'], 'token.certificate'),
    ...accounts.flatMap(({ keystone, htpasswd, oidc }, i) => [
      ...file(`accounts.${i}.htpasswd.path`, htpasswd?.path, 'htpasswd', ['token']),
      ...files(`accounts.${i}.keystone.rootcas`, keystone?.rootcas, ['token']),
      ...files(`accounts.${i}.oidc.rootcas`, oidc?.rootcas, ['token']),
    ]),
    ...clientFiles(
      'redis.tls',
      redis?.tls,
      { certificate: 'certificate', key: 'key', rootCas: 'rootcas' },
      EVERYONE,
    ),
    ...mirrors.flatMap(({ write }, i) => {
      if (!('webdav' in write)) return [];
      const { clientcertificate: certificate, clientkey: key, rootcas: rootCas } = write;
      const names = { certificate: 'clientcertificate', key: 'clientkey', rootCas: 'rootcas' };
      return clientFiles(`mirrors.${i}.write`, { certificate, key, rootCas }, names, ['sync']);
    }),
  ];
}

function file(
  key: string,
  path: string | undefined,
  kind: FileKind,
  readers: readonly FileReader[],
  ofCertificate?: string,
): NamedFile[] {
  if (path === undefined) return [];
  return [{ key, path, kind, readers, ...(ofCertificate !== undefined && { ofCertificate }) }];
}

function files(
  key: string,
  paths: readonly string[] | undefined,
  readers: readonly FileReader[],
): NamedFile[] {
  return (paths ?? []).flatMap((path, i) => file(`${key}.${i}`, path, 'certificates', readers));
}

function tlsFiles(section: string, tls: Config['http']['tls'], readers: readonly FileReader[]): NamedFile[] {
  if (tls === undefined) return [];
  return [
    ...file(`${section}.certificate`, tls.certificate, 'certificate', readers),
    ...file(`${section}.key`, tls.key, 'private key', readers, `${section}.certificate`),
    ...files(`${section}.clientcas`, tls.clientCas, readers),
  ];
}

interface ClientTls {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly rootCas?: readonly string[] | undefined;
}

function clientFiles(
  section: string,
  tls: ClientTls | undefined,
  names: Readonly<Record<keyof ClientTls, string>>,
  readers: readonly FileReader[],
): NamedFile[] {
  const certificate = `${section}.${names.certificate}`;
  return [
    ...file(certificate, tls?.certificate, 'certificate', readers),
    ...file(`${section}.${names.key}`, tls?.key, 'private key', readers, certificate),
    ...files(`${section}.${names.rootCas}`, tls?.rootCas, readers),
  ];
}
