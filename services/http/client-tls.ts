import { createSecureContext, rootCertificates } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { stat } from '../files/settings-files.ts';
import { Followed } from '../registry/runtime/followed.ts';
import { ofFiles, readNamed } from './named-files.ts';

/** The certificate that a client of ours shows, and the authorities it trusts. Files are PEM. */
export interface ClientTlsOptions {
  /** With `key`, or neither. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Authorities besides the built-in ones. */
  readonly rootCas?: readonly string[] | undefined;
  /** The most that a server may answer to one request. @default no limit */
  readonly answerMaxBytes?: number | undefined;
  /** A connection takes no new request after this long, and no TLS session is resumed. @default no limit */
  readonly connectionMaxAgeMs?: number | undefined;
  /** A file's name in errors. */
  readonly nameOf: (file: 'certificate' | 'key' | 'rootCas') => string;
}

/**
 * A dispatcher whose connections show a certificate. Changed files are read again for the next connection, so that
 * short-lived certificates need no restart. Throws an OperatorError that names what cannot be read or used.
 */
export async function clientTls(options: ClientTlsOptions): Promise<Dispatcher> {
  const paths = [options.certificate, options.key, ...(options.rootCas ?? [])].filter(
    (path) => path !== undefined,
  );
  const connector = await Followed.open({
    look: async () => ({ version: await versionOf(paths), parse: () => connectorOf(options) }),
  });
  const { connectionMaxAgeMs } = options;
  return new Agent({
    ...(connectionMaxAgeMs !== undefined && { clientTtl: connectionMaxAgeMs }),
    ...(options.answerMaxBytes !== undefined && { maxResponseSize: options.answerMaxBytes }),
    connect(target, callback) {
      void connector.current(0).then((connect) => connect(target, callback));
    },
  });
}

async function connectorOf(options: ClientTlsOptions) {
  const { certificate, key, rootCas = [], connectionMaxAgeMs, nameOf } = options;
  const read = (file: 'certificate' | 'key' | 'rootCas', path: string) =>
    readNamed({ key: nameOf(file), path });
  const ca = await Promise.all(rootCas.map((path) => read('rootCas', path)));
  const settings = {
    minVersion: 'TLSv1.2' as const,
    ...(certificate !== undefined && { cert: await read('certificate', certificate) }),
    ...(key !== undefined && { key: await read('key', key) }),
    ...(ca.length > 0 && { ca: [...rootCertificates, ...ca] }),
  };
  ofFiles(
    `${nameOf('certificate')}, ${nameOf('key')}, ${nameOf('rootCas')}: these files do not work together`,
    () => createSecureContext(settings),
  );
  return buildConnector({ ...settings, ...(connectionMaxAgeMs !== undefined && { maxCachedSessions: 0 }) });
}

async function versionOf(paths: readonly string[]): Promise<string> {
  const all = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return all.map((stats) => `${stats?.ino}:${stats?.size}:${stats?.mtimeMs}`).join(' ');
}
