import { isIP } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { fault, type Outcome, pass, warning } from '../finding.ts';
import { inWords, SILENCE_MS } from '../trouble.ts';

const DAY_MS = 24 * 3_600_000;
/** A certificate that is renewed by a program has more left than this. */
const RENEWED_DAYS = 14;

const CHAIN = 'send the whole chain (fullchain.pem); for an authority of your own, name it with --rootcas';
const ADVICE: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CHAIN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CHAIN,
  UNABLE_TO_GET_ISSUER_CERT: CHAIN,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed: get one from an authority that clients trust',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is unknown: clients must trust it; name it with --rootcas',
  CERT_HAS_EXPIRED: 'it has expired: renew it, and let the server load it',
  CERT_NOT_YET_VALID: 'it is not valid yet: check the clock, or wait',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name: get one for the host of the URL',
};

/** Whether clients trust the mirror's certificate, and will do so for a while. */
export const tls: Check = {
  name: 'tls',
  needs: ['connection'],
  async run(context) {
    if (context.url.protocol !== 'https:') return pass('plain HTTP: there is no certificate');
    const seen = await handshake(context).catch((error: unknown) => inWords(error));
    if (typeof seen === 'string')
      return fault(`no TLS handshake: ${seen}. Let the server speak TLS 1.2 or later`);
    const { certificate, refused } = seen;
    if (refused !== undefined)
      return fault(`clients refuse the certificate (${refused}): ${ADVICE[refused] ?? 'replace it'}`);
    return left(certificate);
  },
};

function left({ valid_to: validTo }: PeerCertificate): Outcome {
  const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
  if (days >= RENEWED_DAYS) return pass(`the certificate is trusted, for ${days} more days`);
  return warning(
    `the certificate ends in ${days} days (${validTo}): renew it; renewal by a program has failed`,
  );
}

function handshake({ host, port, lookup, trusted }: Context) {
  return new Promise<{ certificate: PeerCertificate; refused: string | undefined }>((resolve, reject) => {
    const socket = connect({
      ...{ host, port, lookup, rejectUnauthorized: false },
      ...(isIP(host) === 0 && { servername: host }),
      ...(trusted && { ca: [...trusted] }),
    });
    socket.setTimeout(SILENCE_MS, () =>
      socket.destroy(Object.assign(new Error('no handshake'), { code: 'UND_ERR_HEADERS_TIMEOUT' })),
    );
    socket.once('secureConnect', () => {
      // The type says Error; Node sets the code alone.
      const refused = socket.authorized ? undefined : String(socket.authorizationError);
      resolve({ certificate: socket.getPeerCertificate(), refused });
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
