import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { type FileKind, type FileReader, filesOf, type NamedFile } from '../config/files.ts';
import type { Config } from '../config/schema.ts';
import { readFile } from '../files/settings-files.ts';
import { parseKeySet } from '../http/access/tokens/jwks-keys.ts';
import { certificatesOf } from '../http/certificates.ts';
import { named } from '../http/named-files.ts';
import { variableOf } from '../http/operator-errors.ts';

/** What each kind of file holds, for the person who has to make one. */
const EXPECTED: Readonly<Record<FileKind, string>> = {
  certificate: 'a certificate in PEM, followed by the intermediate ones',
  'private key': 'a private key in PEM, without a passphrase',
  certificates: 'certificates in PEM',
  'key set': 'a JSON Web Key Set',
  htpasswd: 'lines of NAME:HASH, as "htpasswd -Bn NAME" prints them',
};

/** Parses an htpasswd file; throws what is wrong with it. */
export type ReadHtpasswd = (text: string) => unknown;

/** What is wrong with the files that these processes read: a line for each, with the setting, the file, and what to do. Quotes no file. */
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
    // A server shows the first certificate; a signer's own may be any of them.
    const own = ofCertificate === 'token.certificate' ? found : found?.slice(0, 1);
    if (own && !own.some((each) => each.checkPrivateKey(privateKey)))
      problems.push(
        `${named({ key, path })} is not the key of the ${own === found ? 'certificates' : 'first certificate'} in ` +
          `${ofCertificate}: expected the one that it was made with`,
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

function problemOf({ key, path, kind }: NamedFile, error: unknown): string {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  const name = named({ key, path });
  if (syscall === undefined)
    return `${name} ${message}${message.includes('expected') ? '' : `: expected ${EXPECTED[kind]}`}`;
  return (
    `${name} cannot be read (${code}): expected ${EXPECTED[kind]}, that this user may read; ` +
    `make that file, or name another by ${key} or the variable ${variableOf(key)}`
  );
}
