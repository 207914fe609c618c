import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../support/process.ts';

/** A certificate and its key, in files. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export interface AccessRequest {
  /** The common name, and the file's. */
  readonly name: string;
  /** Who signs; itself unless given. */
  readonly by?: Pair;
  /** Two days from now unless given. */
  readonly from?: Date;
  readonly to?: Date;
  /** Whether it is an authority that may issue others; it is unless given. */
  readonly isAuthority?: boolean;
}

const DAY_MS = 24 * 3_600_000;
export const daysFromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);

/** Makes a certificate for localhost and its key, by openssl, which unlike its `req` lets `ca` choose any dates. */
export async function makePair(directory: string, wanted: AccessRequest): Promise<Pair> {
  const { name, by, from = daysFromNow(-1), to = daysFromNow(2), isAuthority = true } = wanted;
  const file = (suffix: string) => join(directory, `${name}.${suffix}`);
  const [request, certificate, key] = [file('csr'), file('pem'), file('key')];
  await run('openssl', [
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', key, '-out', request, '-subj', `/CN=${name}`],
  ]);
  await writeFile(file('index'), '');
  await writeFile(file('conf'), CA_CONF(file('index'), directory, isAuthority));
  await run('openssl', [
    ...['ca', '-batch', '-config', file('conf'), '-in', request, '-out', certificate, '-notext'],
    ...(by ? ['-cert', by.certificate, '-keyfile', by.key] : ['-selfsign', '-keyfile', key]),
    ...['-startdate', asn1(from), '-enddate', asn1(to)],
  ]);
  return { certificate, key };
}

const CA_CONF = (database: string, directory: string, isAuthority: boolean) => `
[ca]
default_ca = here
[here]
database = ${database}
new_certs_dir = ${directory}
default_md = sha256
policy = any
x509_extensions = all
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[all]
basicConstraints = CA:${isAuthority ? 'TRUE' : 'FALSE'}
subjectAltName = DNS:localhost,IP:127.0.0.1
`;

/** `20261121084510Z` */
function asn1(date: Date): string {
  return `${date.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`;
}

/** Puts one pair's files where another's are, each by a rename, as certificate managers do. */
export async function replacePair(target: Pair, source: Pair): Promise<void> {
  const kinds = ['certificate', 'key'] as const;
  for (const kind of kinds) await copyFile(source[kind], `${target[kind]}.new`);
  // At once: whoever looks twice in between rightly says that they do not belong together.
  for (const kind of kinds) await rename(`${target[kind]}.new`, target[kind]);
}

/** A PEM file. */
export function pem(path: string): Promise<Buffer> {
  return readFile(path);
}
