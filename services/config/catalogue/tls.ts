import { type Entry, honoured, type Origin, refused, row, rows } from './entry.ts';

const OLD_TLS = refused('TLS 1.0 and 1.1 are broken: expected tls1.2 or tls1.3');

/** How a port speaks TLS: Distribution's keys, which our own listeners have, too. */
export function tlsRows(section: string, from: Origin): Entry[] {
  return [
    ...rows(section, from, honoured('the file, in PEM, that TLS is served with'), 'certificate key'),
    row(
      `${section}.clientcas`,
      from,
      honoured("files, in PEM, of who may have signed clients' certificates"),
    ),
    row(
      `${section}.clientauth`,
      from === 'ours' ? 'ours' : '3',
      honoured(
        'what is asked of clients when there are clientcas; require-and-verify-client-cert when it does not say',
      ),
    ),
    row(`${section}.minimumtls`, from, honoured('the lowest version of TLS: tls1.2 or tls1.3'), {
      standard: 'tls1.2',
      note: 'older ones are refused',
      decide: (value) => (value === 'tls1.0' || value === 'tls1.1' ? OLD_TLS : undefined),
    }),
    row(
      `${section}.ciphersuites`,
      from,
      honoured(
        "Go's names; those with RC4, 3DES, CBC or no forward secrecy are refused; those of TLS 1.3 are always on",
      ),
    ),
  ];
}
