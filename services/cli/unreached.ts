/** TLS errors that trusting the server's own authority would fix. */
const UNTRUSTED =
  /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT)$/;

/** Why a server cannot be reached, for the person at the terminal: no answer, or a certificate that is not trusted. */
export function unreached(what: string, server: string, error: unknown, hint?: string): string {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (UNTRUSTED.test(code))
    return (
      `${what} at ${server} shows a certificate that this machine does not trust (${code}): give the certificate of the ` +
      'authority that signed it with --cacert'
    );
  return `no ${what} answers at ${server} (${code})${hint === undefined ? '' : `: ${hint}`}`;
}
