import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { libtrustId } from '../../../registry/access/keys/key-id.ts';
import {
  type PublishedKey,
  type Signer,
  type SigningKey,
  TOKEN_ALGORITHMS,
} from '../../../registry/access/keys/signing-key.ts';
import type { Log } from '../../../registry/runtime/log.ts';
import { certificatesOf } from '../../certificates.ts';
import { ofFile } from '../../named-files.ts';
import { followKeys } from './followed-files.ts';
import { trusted } from './trusted-keys.ts';

interface Pair {
  readonly signing: SigningKey;
  readonly published: readonly PublishedKey[];
}

/**
 * Signs with the operator's own key, whose certificate others know (`token.key`, `token.certificate`). Throws an Error
 * that names the file and what is wrong with it.
 */
export async function openCertificateSigner(
  paths: { readonly key: string; readonly certificate: string },
  log: Log,
): Promise<Signer> {
  const ofKey = { key: 'token.key', path: paths.key };
  const ofCertificate = { key: 'token.certificate', path: paths.certificate };
  const parse = ([key = '', certificate = '']: readonly string[]) => {
    const privateKey = ofFile(ofKey, () => readKey(key));
    const certificates = ofFile(ofCertificate, () => certificatesOf(certificate));
    return ofFile(ofKey, () => pairOf(privateKey, certificates, paths.certificate));
  };
  const followed = await followKeys([ofKey, ofCertificate], parse, log);
  return {
    current: () => followed.value.signing,
    get publicKeys() {
      return followed.value.published;
    },
    [Symbol.asyncDispose]: async () => followed[Symbol.dispose](),
  };
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new Error('expected a private key in PEM, without a passphrase');
  }
}

function pairOf(
  privateKey: KeyObject,
  certificates: readonly X509Certificate[],
  certificatePath: string,
): Pair {
  const own = certificates.find((each) => each.checkPrivateKey(privateKey));
  if (own === undefined) throw new Error(`expected the key of a certificate in ${certificatePath}`);
  const published = certificates.flatMap(({ publicKey }) => publishedOf(publicKey) ?? []);
  const key = publishedOf(own.publicKey);
  if (key === undefined) throw new Error('expected a key of P-256, Ed25519, or RSA of 2048 bits or more');
  const { kid, algorithm } = key;
  return { signing: { kid, algorithm, privateKey, certificates: [own.raw.toString('base64')] }, published };
}

function publishedOf(publicKey: KeyObject): PublishedKey | undefined {
  const [first] = trusted(publicKey)?.algorithms ?? [];
  const algorithm = TOKEN_ALGORITHMS.find((each) => each === first);
  return algorithm && { kid: libtrustId(publicKey), algorithm, publicKey };
}
