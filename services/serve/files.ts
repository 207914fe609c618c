import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type FileKind, type FileReader, filesOf, type NamedFile } from '../config/files.ts';
import type { Config } from '../config/schema.ts';
import { readFile } from '../files/settings-files.ts';
import { parseKeySet } from '../http/access/tokens/jwks-keys.ts';
import { variableOf } from '../http/operator-errors.ts';
import { named } from '../http/tls.ts';

/** The content of each kind of file, for the operator that has to create one. */
const EXPECTED: Readonly<Record<FileKind, string>> = {
  certificate: 'a certificate in PEM, and those between it and the root',
  'private key': 'a private key in PEM, without a passphrase',
  certificates: 'certificates in PEM',
  'key set': 'a JSON Web Key Set',
  htpasswd: 'lines of NAME:HASH, as "htpasswd -Bn NAME" prints them',
};

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Reads the text of an htpasswd file; throws if it is invalid. */
export type ReadHtpasswd = (text: string) => unknown;

/**
 * Problems with the files that these processes read: a line each, with the setting, the file, and what to do. Reads every
 * file; quotes none.
 */
export async function problemsOfFiles(
  config: Config,
  readers: readonly FileReader[],
  readHtpasswd: ReadHtpasswd,
): Promise<string[]> {
  const files = filesOf(config).filter((file) => file.readers.some((each) => readers.includes(each)));
  const problems: string[] = [];
  const certificates = new Map<string, readonly X509Certificate[]>();
  const keys: (readonly [NamedFile, KeyObject])[] = [];
  for (const file of files)
    try {
      const bytes = await readFile(file.path);
      const text = bytes.toString('utf8');
      if (file.kind === 'htpasswd') readHtpasswd(text);
      else if (file.kind === 'key set') parseKeySet(text);
      else if (file.kind === 'private key') keys.push([file, privateKeyOf(bytes)]);
      else certificates.set(file.key, certificatesOf(text));
    } catch (error) {
      problems.push(problemOf(file, error));
    }
  for (const [{ key, path, ofCertificate = '' }, privateKey] of keys) {
    const found = certificates.get(ofCertificate);
    // A server presents the first; a signer's own certificate may be any of them.
    const own = ofCertificate === 'token.certificate' ? found : found?.slice(0, 1);
    if (own && !own.some((each) => each.checkPrivateKey(privateKey)))
      problems.push(
        `${named(key, path)} is not the key of the ${own === found ? 'certificates' : 'first certificate'} in ` +
          `${ofCertificate}: expected its own key`,
      );
  }
  return problems;
}

function privateKeyOf(bytes: Buffer): KeyObject {
  try {
    return createPrivateKey(bytes);
  } catch {
    throw new Error('it holds no PEM private key without a passphrase');
  }
}

function certificatesOf(text: string): X509Certificate[] {
  const found = text.match(PEM);
  if (!found) throw new Error('it holds no PEM certificate');
  return found.map((pem, i) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new Error(`certificate ${i + 1} in it cannot be parsed`);
    }
  });
}

function problemOf({ key, path, kind }: NamedFile, error: unknown): string {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  const name = named(key, path);
  if (syscall === undefined)
    return `${name} ${message}${message.includes('expected') ? '' : `: expected ${EXPECTED[kind]}`}`;
  return (
    `${name} cannot be read (${code}): expected ${EXPECTED[kind]}, that this user may read; ` +
    `create the file, or name another by ${key} or the variable ${variableOf(key)}`
  );
}
