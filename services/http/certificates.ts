import { X509Certificate } from 'node:crypto';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a text in PEM. Throws an Error that quotes nothing of it when there are none, or one is damaged. */
export function certificatesOf(text: string): X509Certificate[] {
  const found = text.match(PEM);
  if (!found) throw new Error('it holds no PEM certificate');
  return found.map((pem, i) => {
    try {
      return new X509Certificate(pem);
    } catch {
      throw new Error(`certificate ${i + 1} in it cannot be parsed`);
    }
  });
}

/** Whether a certificate's time has begun and is not over. */
export function isValidNow({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = Date.now();
  return validFromDate.getTime() <= now && now < validToDate.getTime();
}
