/** Promise: a token's certificate is believed only while it is valid, and only from an authority that is valid, too. */
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openCertificateKeys } from '../../services/http/access/tokens/certificate-keys.ts';
import { type AccessRequest, daysFromNow, makePair, type Pair } from '../http/certificates.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

requires(['openssl'])('a certificate that a token brings, of the key that signed it', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  before(async () => {
    home = held.use(await tempDir('certificates')).path;
  });
  after(() => held.disposeAsync());

  const make = (name: string, more: Partial<AccessRequest> = {}) => makePair(home, { name, ...more });
  /** Whether a certificate is believed where a bundle has another one. */
  async function isBelieved(leaf: Pair, issuer: Pair): Promise<boolean> {
    const path = join(home, 'bundle.pem');
    await writeFile(path, await readFile(issuer.certificate));
    using keys = await openCertificateKeys({
      name: 'auth.token.rootcertbundle',
      path,
      areIssuers: true,
      log,
    });
    const { raw } = new X509Certificate(await readFile(leaf.certificate));
    return keys.findCertified?.([raw.toString('base64')]) !== undefined;
  }

  it('is believed from an authority', async () => {
    const authority = await make('authority');
    expect(await isBelieved(await make('leaf', { by: authority }), authority)).to.equal(true);
  });

  it('is not believed before its time or after it', async () => {
    const authority = await make('authority');
    for (const [from, to] of [
      [-3, -1],
      [1, 2],
    ] as const) {
      const times = { from: daysFromNow(from), to: daysFromNow(to) };
      expect(await isBelieved(await make('leaf', { by: authority, ...times }), authority)).to.equal(false);
    }
  });

  it('is not believed from an authority whose time is over', async () => {
    const over = await make('over', { from: daysFromNow(-3), to: daysFromNow(-1) });
    expect(await isBelieved(await make('leaf', { by: over }), over)).to.equal(false);
  });

  it('is not believed from what is no authority', async () => {
    const server = await make('server', { isAuthority: false });
    expect(await isBelieved(await make('leaf', { by: server }), server)).to.equal(false);
  });
});
