import { X509Certificate } from 'node:crypto';
import { libtrustId, thumbprint } from '../../../registry/access/keys/key-id.ts';
import type { Followed } from '../../../registry/runtime/followed.ts';
import type { Log } from '../../../registry/runtime/log.ts';
import { certificatesOf, isValidNow } from '../../certificates.ts';
import { followKeys, ofFile } from './followed-files.ts';
import { type TrustedKey, type TrustedKeys, trusted } from './trusted-keys.ts';

interface Bundle {
  readonly certificates: readonly X509Certificate[];
  readonly keys: ReadonlyMap<string, TrustedKey>;
}

export interface CertificateKeysOptions {
  /** The key in the configuration, for errors. */
  readonly name: string;
  readonly path: string;
  /** Whether a token may bring a certificate that one of these has issued. */
  readonly areIssuers: boolean;
  readonly log: Log;
}

/**
 * The keys of certificates in a file: Distribution's `auth.token.rootcertbundle`. A token names one by its libtrust id
 * (2.8) or its thumbprint (3), or brings a certificate that is one of these or was issued by one of these. Longer chains
 * are not followed: intermediate authorities have to be in the file.
 */
export class CertificateKeys implements TrustedKeys, Disposable {
  readonly #files: Followed<Bundle>;
  readonly findCertified?: (certificates: readonly string[]) => TrustedKey | undefined;

  private constructor(files: Followed<Bundle>, areIssuers: boolean) {
    this.#files = files;
    if (areIssuers) this.findCertified = ([leaf]) => certified(files.value, leaf);
  }

  /** Throws an Error that names the file and what is wrong with it. */
  static async open({ name, path, areIssuers, log }: CertificateKeysOptions): Promise<CertificateKeys> {
    const file = { key: name, path };
    const parse = ([text = '']: readonly string[]) => ofFile(file, () => bundleOf(certificatesOf(text)));
    const files = await followKeys([file], parse, log);
    for (const certificate of files.value.certificates)
      if (!isValidNow(certificate))
        log.warn(
          { file: path, subject: certificate.subject, validTo: certificate.validTo },
          'a certificate for tokens is not valid now; tokens that name its key are still accepted',
        );
    return new CertificateKeys(files, areIssuers);
  }

  find(kid: string): TrustedKey | undefined {
    return this.#files.value.keys.get(kid);
  }

  onChange(listener: () => void): void {
    this.#files.onChange(listener);
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }
}

function bundleOf(certificates: readonly X509Certificate[]): Bundle {
  const keys = new Map<string, TrustedKey>();
  for (const { publicKey } of certificates) {
    const key = trusted(publicKey);
    if (key) keys.set(libtrustId(publicKey), key).set(thumbprint(publicKey), key);
  }
  return { certificates, keys };
}

/** The first of a token's certificates has the key that signed it. */
function certified({ certificates }: Bundle, leaf: unknown): TrustedKey | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Buffer.from(String(leaf), 'base64'));
  } catch {
    return undefined;
  }
  if (!isValidNow(certificate)) return undefined;
  const isTrusted = certificates.some(
    (each) =>
      each.fingerprint256 === certificate.fingerprint256 ||
      (each.ca && isValidNow(each) && certificate.checkIssued(each) && certificate.verify(each.publicKey)),
  );
  return isTrusted ? trusted(certificate.publicKey) : undefined;
}
