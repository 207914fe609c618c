import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { libtrustId } from '../../../registry/access/keys/key-id.ts';
import type {
  PublishedKey,
  Signer,
  SigningKey,
  TokenAlgorithm,
} from '../../../registry/access/keys/signing-key.ts';
import type { Log } from '../../../registry/runtime/log.ts';
import { OperatorError } from '../../../registry/runtime/operator-error.ts';
import { readCertificates } from './certificates.ts';
import { FollowedFiles } from './followed-files.ts';
import { trusted } from './trusted-keys.ts';

interface Pair {
  readonly signing: SigningKey;
  readonly published: readonly PublishedKey[];
}

/** Signs with a key of the operator's own, whose certificate others know (`token.key`, `token.certificate`). */
export class CertificateSigner implements Signer {
  readonly #files: FollowedFiles<Pair>;

  private constructor(files: FollowedFiles<Pair>) {
    this.#files = files;
  }

  /** Throws an Error that names the file and what is wrong with it. */
  static async open(
    paths: { readonly key: string; readonly certificate: string },
    log: Log,
  ): Promise<CertificateSigner> {
    const parse = ([key = '', certificate = '']: readonly string[]) =>
      pairOf(
        readKey(paths.key, key),
        readCertificates('token.certificate', paths.certificate, certificate),
        paths,
      );
    const files = [
      { key: 'token.key', path: paths.key },
      { key: 'token.certificate', path: paths.certificate },
    ];
    return new CertificateSigner(await FollowedFiles.open(files, parse, log));
  }

  current(): SigningKey {
    return this.#files.value.signing;
  }

  get publicKeys(): readonly PublishedKey[] {
    return this.#files.value.published;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#files[Symbol.dispose]();
  }
}

function readKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new OperatorError(`token.key = ${path}: expected a private key in PEM, without a passphrase`);
  }
}

function pairOf(
  privateKey: KeyObject,
  certificates: readonly X509Certificate[],
  paths: { readonly key: string; readonly certificate: string },
): Pair {
  const own = certificates.find((each) => each.checkPrivateKey(privateKey));
  if (own === undefined)
    throw new OperatorError(
      `token.key = ${paths.key}: expected the key of a certificate in ${paths.certificate}`,
    );
  const published = certificates.flatMap(({ publicKey }) => publishedOf(publicKey) ?? []);
  const key = publishedOf(own.publicKey);
  if (key === undefined)
    throw new OperatorError(
      `token.key = ${paths.key}: expected a key of P-256, Ed25519, or RSA of 2048 bits or more`,
    );
  const { kid, algorithm } = key;
  return { signing: { kid, algorithm, privateKey, certificates: [own.raw.toString('base64')] }, published };
}

function publishedOf(publicKey: KeyObject): PublishedKey | undefined {
  const [first] = trusted(publicKey)?.algorithms ?? [];
  return first && isOurs(first) ? { kid: libtrustId(publicKey), algorithm: first, publicKey } : undefined;
}

function isOurs(algorithm: string): algorithm is TokenAlgorithm {
  return algorithm === 'ES256' || algorithm === 'RS256' || algorithm === 'EdDSA';
}
