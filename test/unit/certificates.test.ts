import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { expect } from 'chai';
import { certificatesOf, isValidNow } from '../../services/http/certificates.ts';

/** Files with certificates are checked whole, wherever a setting names one: none is left out without a word. */
describe('certificates in PEM', () => {
  const [first = '', second = ''] = rootCertificates;
  const problemOf = (text: string) => {
    try {
      return `${certificatesOf(text).length} certificates`;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('are all read, in their order, whatever is between them', () => {
    const subjects = certificatesOf(`# first\n${first}\r\n\r\nsecond:\n${second}\n`).map(
      ({ subject }) => subject,
    );
    expect(subjects).to.deep.equal([first, second].map((pem) => new X509Certificate(pem).subject));
  });

  it('are missed where there are none', () => {
    for (const text of [
      '',
      'a certificate',
      first.slice(0, first.length / 2),
      first.replaceAll('CERTIFICATE', 'KEY'),
    ])
      expect(problemOf(text)).to.equal('it holds no PEM certificate');
  });

  it('are named by their place when one is damaged, and nothing of it is quoted', () => {
    const half = `${first.slice(0, first.length / 2)}\n`;
    expect(problemOf(`${first}\n${second.replace('MII', '???')}`)).to.equal(
      'certificate 2 in it cannot be parsed',
    );
    // Half of one swallows what follows, rather than going unnoticed.
    expect(problemOf(half + second)).to.equal('certificate 1 in it cannot be parsed');
  });

  it('are valid from their first second to their last', () => {
    const now = Date.now();
    const from = (fromMs: number, toMs: number) =>
      isValidNow({ validFromDate: new Date(fromMs), validToDate: new Date(toMs) } as X509Certificate);
    expect(from(now - 1000, now + 60_000)).to.equal(true);
    expect(from(now + 60_000, now + 120_000)).to.equal(false);
    expect(from(now - 120_000, now - 60_000)).to.equal(false);
  });
});
