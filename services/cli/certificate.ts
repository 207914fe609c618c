import { setGlobalDispatcher } from 'undici';
import { clientTls } from '../http/client-tls.ts';
import { messageOf } from '../registry/runtime/message-of.ts';
import { ReleaseError } from './release-error.ts';

export interface CertificateOptions {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly cacert: string | undefined;
}

/**
 * Makes this command present a client certificate to the release service and its token service from now on. Throws a
 * {@link ReleaseError} if the certificate cannot be used.
 */
export async function showCertificate({ certificate, key, cacert }: CertificateOptions): Promise<void> {
  if ((certificate === undefined) !== (key === undefined))
    throw new ReleaseError('USAGE', '--cert and --key go together');
  const options = { certificate: '--cert', key: '--key', rootCas: '--cacert' };
  try {
    const rootCas = cacert === undefined ? [] : [cacert];
    setGlobalDispatcher(await clientTls({ certificate, key, rootCas, nameOf: (file) => options[file] }));
  } catch (error) {
    throw new ReleaseError('USAGE', messageOf(error));
  }
}
