import { X509Certificate } from 'node:crypto';
import { libtrustId, thumbprint } from '../../../registry/access/keys/key-id.ts';
import type { Log } from '../../../registry/runtime/log.ts';
import { certificatesOf, isValidNow } from '../../certificates.ts';
import { ofFile } from '../../named-files.ts';
import { followKeys } from './followed-files.ts';
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
 * (2.8) or its thumbprint (3), or brings a certificate that is one of these or was issued by one of these. Longer
 * chains are not followed: intermediate authorities have to be in the file. Throws an Error that names the file and what
 * is wrong with it.
 */
export async function openCertificateKeys(
  options: CertificateKeysOptions,
): Promise<TrustedKeys & Disposable> {
  const { name, path, areIssuers, log } = options;
  const file = { key: name, path };
  const parse = (text: string) => bundleOf(certificatesOf(text));
  const followed = await followKeys([file], ([text = '']) => ofFile(file, () => parse(text)), log);
  for (const certificate of followed.value.certificates)
    if (!isValidNow(certificate))
      log.warn(
        { file: path, subject: certificate.subject, validTo: certificate.validTo },
        'a certificate for tokens is not valid now; tokens that name its key are still accepted',
      );
  return {
    find: (kid) => followed.value.keys.get(kid),
    ...(areIssuers && {
      findCertified: ([leaf]: readonly string[]) => certified(followed.value, leaf),
    }),
    onChange: (listener) => void followed.onChange(listener),
    [Symbol.dispose]: () => followed[Symbol.dispose](),
  };
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
