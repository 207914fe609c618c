/** Promise: `roadstead reload` has a renewed certificate in use when it returns, where no event of the file system shows it. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { makePair, replacePair } from '../http/certificates.ts';
import { shownBy } from '../http/tls-client.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

requires(['openssl'])('roadstead reload and certificates', function () {
  this.timeout(60_000);

  it('shows the new one from the next connection on', async () => {
    await using home = await tempDir('certificates');
    const at = (...path: readonly string[]) => join(home.path, ...path);
    for (const name of ['watched', 'elsewhere']) await mkdir(at(name));
    const [first, second] = [
      await makePair(home.path, { name: 'first' }),
      await makePair(home.path, { name: 'second' }),
    ];
    const real = { certificate: at('elsewhere', 'tls.crt'), key: at('elsewhere', 'tls.key') };
    await replacePair(real, first);
    // The directory that is watched has links only: nothing happens in it.
    const tls = { certificate: at('watched', 'tls.crt'), key: at('watched', 'tls.key') };
    await symlink(real.certificate, tls.certificate);
    await symlink(real.key, tls.key);
    await using registry = await startRegistry({
      config: (config) => {
        const http = config['http'] as { readonly debug: object };
        return { ...config, http: { ...http, debug: { ...http.debug, tls } } };
      },
    });
    const url = registry.debugUrl.replace('http:', 'https:');
    expect(await shownBy(url)).to.equal('first');
    await replacePair(real, second);
    await registry.offline(['reload']);
    expect(await shownBy(url)).to.equal('second');
  });
});
