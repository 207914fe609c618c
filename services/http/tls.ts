import { constants, createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import { certificatesOf } from './certificates.ts';
import { type NamedFile, named, ofFile, ofFiles, readNamed } from './named-files.ts';
import { type ClientAuth, clientAuthOf } from './tls-clients.ts';

/** TLS settings of a port. Files are PEM; errors name them by Distribution's keys. */
export interface TlsOptions {
  /** The section of the configuration, for errors; `http.tls` unless given. */
  readonly section?: string | undefined;
  /** The server's certificate, then the intermediate ones. */
  readonly certificate: string;
  readonly key: string;
  /** TLS 1.2 unless given. */
  readonly minimumVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** Files of the authorities for client certificates. */
  readonly clientCas?: readonly string[] | undefined;
  /** `require-and-verify` with `clientCas`, else `none`, unless given. */
  readonly clientAuth?: ClientAuth | undefined;
  /** In OpenSSL's notation. All suites of TLS 1.3 stay allowed unless the list names some. */
  readonly ciphers?: string | undefined;
}

/**
 * Forward secrecy and authenticated encryption only: Mozilla's "intermediate" list without finite-field DH, which no
 * client of a registry needs. All suites of TLS 1.3 qualify.
 */
const CIPHERS = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');

/** The bytes of all files. */
export interface TlsFiles {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly clientCas: readonly Buffer[];
  /** Changes with any of them. */
  readonly contentHash: string;
}

/** What a server shows and requires, validated. */
export interface TlsIdentity {
  readonly context: SecureContextOptions;
  readonly contentHash: string;
  /** The server's own certificate. */
  readonly leaf: X509Certificate;
  /** Differs between servers of different names, and between those with different requirements for client certificates. */
  readonly audience: string;
}

/** Reads the files. Throws an OperatorError that names the key and the file that cannot be read. */
export async function readTlsFiles(options: TlsOptions): Promise<TlsFiles> {
  const [certificate, key, ...clientCas] = await Promise.all([
    readNamed(fileOf(options, 'certificate')),
    readNamed(fileOf(options, 'key')),
    ...(options.clientCas ?? []).map((_, i) => readNamed(authorityOf(options, i))),
  ]);
  return { certificate, key, clientCas, contentHash: hashOf('', [certificate, key, ...clientCas]) };
}

/** Validates the files. Throws an OperatorError that names the key at fault and quotes no content. */
export function parseTls(files: TlsFiles, options: TlsOptions): TlsIdentity {
  const leaf = ofFiles(
    `${named(fileOf(options, 'certificate'))} holds no PEM certificate`,
    () => new X509Certificate(files.certificate),
  );
  const key: KeyObject = ofFiles(
    `${named(fileOf(options, 'key'))} holds no PEM private key without a passphrase`,
    () => createPrivateKey(files.key),
  );
  if (!leaf.checkPrivateKey(key))
    throw new OperatorError(
      `${named(fileOf(options, 'key'))} is not the key of the first certificate in ${keyOf(options, 'certificate')}`,
    );
  for (const [i, bytes] of files.clientCas.entries())
    ofFile(authorityOf(options, i), () => certificatesOf(bytes.toString('latin1')));
  const clientAuth = clientAuthOf(options);
  const verifies = clientAuth === 'require-and-verify' || clientAuth === 'verify-if-given';
  if (verifies && files.clientCas.length === 0)
    throw new OperatorError(
      `${keyOf(options, 'clientauth')} = ${clientAuth}: expected ${keyOf(options, 'clientcas')}, without which certificates of any public authority would pass`,
    );
  const { minimumVersion = 'TLSv1.2', ciphers = CIPHERS } = options;
  const context: SecureContextOptions = {
    cert: files.certificate,
    key: files.key,
    minVersion: minimumVersion,
    // No client needs it, and it costs us far more than the client.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ciphers,
    ...(files.clientCas.length > 0 && { ca: [...files.clientCas] }),
  };
  ofFiles(`${keyOf(options)}: these files and cipher suites do not work together`, () =>
    createSecureContext(context),
  );
  const audience = hashOf(`${leaf.subjectAltName ?? leaf.subject}\n${clientAuth}\n`, files.clientCas);
  return { context, contentHash: files.contentHash, leaf, audience };
}

function hashOf(text: string, files: readonly Buffer[]): string {
  const hash = createHash('sha256').update(text);
  for (const bytes of files) hash.update(`${bytes.length}\n`).update(bytes);
  return hash.digest('hex');
}

/** A file's name in errors: its key in the configuration. */
export function keyOf({ section = 'http.tls' }: Pick<TlsOptions, 'section'>, key?: string): string {
  return key === undefined ? section : `${section}.${key}`;
}

function fileOf(options: TlsOptions, key: 'certificate' | 'key'): NamedFile {
  return { key: keyOf(options, key), path: options[key] };
}

function authorityOf(options: TlsOptions, i: number): NamedFile {
  return { key: keyOf(options, `clientcas.${i}`), path: options.clientCas?.[i] ?? '' };
}
