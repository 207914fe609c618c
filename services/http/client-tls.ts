import { createSecureContext, rootCertificates } from 'node:tls';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { stat } from '../files/settings-files.ts';
import { Followed } from '../registry/runtime/followed.ts';
import { messageOf } from '../registry/runtime/message-of.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import { readNamed } from './named-files.ts';

/** What a client of ours shows a server, and which servers it believes. Files are PEM. */
export interface ClientTlsOptions {
  /** With `key`, or neither. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Who may have signed the server's certificate, besides those that everyone trusts. */
  readonly rootCas?: readonly string[] | undefined;
  /** What a file is called in errors. */
  readonly nameOf: (file: 'certificate' | 'key' | 'rootCas') => string;
}

/**
 * A dispatcher whose connections show a certificate. Files that change are read again for the next connection, so that
 * certificates that are good for days need no restart. Throws an Error that names what cannot be read or used.
 */
export async function clientTls(options: ClientTlsOptions): Promise<Dispatcher> {
  const paths = [options.certificate, options.key, ...(options.rootCas ?? [])].filter(
    (path) => path !== undefined,
  );
  const connector = await Followed.open({
    look: async () => ({ version: await versionOf(paths), parse: () => connectorOf(options) }),
  });
  return new Agent({
    connect(target, callback) {
      void connector.current(0).then((connect) => connect(target, callback));
    },
  });
}

async function connectorOf({ certificate, key, rootCas = [], nameOf }: ClientTlsOptions) {
  const read = (file: 'certificate' | 'key' | 'rootCas', path: string) =>
    readNamed({ key: nameOf(file), path });
  const ca = await Promise.all(rootCas.map((path) => read('rootCas', path)));
  const settings = {
    minVersion: 'TLSv1.2' as const,
    ...(certificate !== undefined && { cert: await read('certificate', certificate) }),
    ...(key !== undefined && { key: await read('key', key) }),
    ...(ca.length > 0 && { ca: [...rootCertificates, ...ca] }),
  };
  try {
    createSecureContext(settings);
  } catch (error) {
    throw new OperatorError(
      `${nameOf('certificate')}, ${nameOf('key')}, ${nameOf('rootCas')}: these files do not work together (${messageOf(error)})`,
    );
  }
  return buildConnector(settings);
}

async function versionOf(paths: readonly string[]): Promise<string> {
  const all = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return all.map((stats) => `${stats?.ino}:${stats?.size}:${stats?.mtimeMs}`).join(' ');
}
