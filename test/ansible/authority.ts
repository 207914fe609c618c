import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../support/process.ts';

/** A certificate and its key, as texts. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that clients of a test trust. */
export interface Authority {
  /** A directory with its certificate alone, which is what clients want. */
  readonly directory: string;
  readonly certificate: string;
  /** A certificate for a server at an address, or for a client with a name. */
  issue(name: string, address?: string): Promise<PemPair>;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes an authority whose files are in a directory. */
export async function makeAuthority(directory: string): Promise<Authority> {
  const file = (name: string) => join(directory, name);
  const trusted = file('trusted');
  await mkdir(trusted);
  const path = join(trusted, 'ca.crt');
  await run('openssl', [
    ...['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=authority of a test'],
    ...['-keyout', file('ca.key'), '-out', path],
  ]);
  return {
    directory: trusted,
    certificate: await readFile(path, 'utf8'),
    async issue(name, address) {
      const [request, certificate, key] = ['csr', 'crt', 'key'].map((kind) => file(`${name}.${kind}`));
      if (!request || !certificate || !key) throw new Error('three files');
      await run('openssl', [
        ...['req', '-new', ...KEY, '-subj', `/CN=${name}`, '-keyout', key, '-out', request],
      ]);
      const names = address === undefined ? `DNS:${name}` : `DNS:${name},IP:${address}`;
      await writeFile(file(`${name}.ext`), `subjectAltName=${names}\n`);
      await run('openssl', [
        ...['x509', '-req', '-in', request, '-out', certificate, '-days', '2'],
        ...['-CA', path, '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file(`${name}.ext`)],
      ]);
      return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
    },
  };
}
