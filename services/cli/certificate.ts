import { setGlobalDispatcher } from 'undici';
import { clientTls } from '../http/client-tls.ts';
import { messageOf } from '../registry/runtime/message-of.ts';
import { ReleaseError } from './release-error.ts';

export interface CertificateOptions {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly cacert: string | undefined;
}

/** Of one answer: the longest is that of a promotion which waits for a day, with an event twice a second. */
const ANSWER_MAX_BYTES = 128 * 1024 * 1024;

/**
 * Bounds what a server may answer to this command, and makes the command present a client certificate to the release service and its token service from now on, if one
 * is given. Throws a {@link ReleaseError} if it cannot be used.
 */
export async function connectWith({ certificate, key, cacert }: CertificateOptions): Promise<void> {
  if ((certificate === undefined) !== (key === undefined))
    throw new ReleaseError('USAGE', '--cert and --key go together');
  const options = { certificate: '--cert', key: '--key', rootCas: '--cacert' };
  try {
    const rootCas = cacert === undefined ? [] : [cacert];
    const nameOf = (file: keyof typeof options) => options[file];
    const agent = await clientTls({ certificate, key, rootCas, nameOf, answerMaxBytes: ANSWER_MAX_BYTES });
    setGlobalDispatcher(agent);
  } catch (error) {
    throw new ReleaseError('USAGE', messageOf(error));
  }
}
