import { X509Certificate } from 'node:crypto';
import { OperatorError } from '../../../registry/runtime/operator-error.ts';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a text in PEM. Throws an Error that names the key of the configuration when there are none. */
export function readCertificates(key: string, path: string, text: string): X509Certificate[] {
  const certificates = (text.match(PEM) ?? []).map((pem, i) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new OperatorError(`${key} = ${path}: certificate ${i + 1} cannot be parsed`);
    }
  });
  if (certificates.length === 0)
    throw new OperatorError(`${key} = ${path}: expected certificates in PEM (-----BEGIN CERTIFICATE-----)`);
  return certificates;
}

export function isValidNow({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = Date.now();
  return validFromDate.getTime() <= now && now < validToDate.getTime();
}
