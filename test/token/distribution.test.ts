/**
 * Promise: tokens go both ways between this registry and Distribution: docker-registry takes ours by the certificate that
 * it is given, and ours takes tokens that others make for Distribution, by certificates or by a key set.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { libtrustId, thumbprint } from '../../services/registry/access/keys/key-id.ts';
import { daysFromNow, makePair, type Pair } from '../http/certificates.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { eventually } from '../support/eventually.ts';
import { buildGoProgram, DISTRIBUTION_3 } from '../support/go-programs.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import { run } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires, skipFor } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { keySetOf, makeParty, type Party, sign } from './forge.ts';
import { askToken, ISSUER, PASSWORD, SERVICE, startTokenRegistry, type TokenRegistry } from './registry.ts';

const OTHER = 'distribution.test';

async function partyOf(
  { certificate, key }: Pair,
  by: 'libtrust' | 'thumbprint' = 'libtrust',
): Promise<Party> {
  const { publicKey } = new X509Certificate(await readFile(certificate));
  const privateKey = createPrivateKey(await readFile(key));
  const kid = by === 'libtrust' ? libtrustId(publicKey) : thumbprint(publicKey);
  return { publicKey, privateKey, algorithm: 'ES256', kid };
}

const derOf = async ({ certificate }: Pair) =>
  new X509Certificate(await readFile(certificate)).raw.toString('base64');

requires(['openssl', 'skopeo', 'docker-registry'])('tokens between this registry and Distribution', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  before(async () => {
    home = held.use(await tempDir('interop')).path;
  });
  after(() => held.disposeAsync());

  describe('ours, signed with the key that docs/tokens.md has openssl make', () => {
    let own: TokenRegistry;
    let certificate: string;

    before(async () => {
      // As the document tells operators to.
      const document = await readFile(new URL('../../docs/tokens.md', import.meta.url), 'utf8');
      const line = document.split('\n').find((each) => each.startsWith('openssl req '));
      if (line === undefined) throw new Error('docs/tokens.md has no line that begins with "openssl req "');
      await run('sh', ['-c', line], { cwd: home });
      certificate = join(home, 'token.pem');
      own = held.use(
        await startTokenRegistry({
          token: { services: [OTHER], key: join(home, 'token.key'), certificate },
        }),
      );
    });

    const expectTaken = async (distribution: Distribution) => {
      await using skopeo = await Skopeo.open();
      const layout = await makeImageLayout(join(distribution.rootDirectory, '..', 'image'));
      const { host } = distribution;
      await skopeo.login(host, { username: 'user1', password: `user1${PASSWORD}` });
      await skopeo.copyAll(layout.directory, 'multi', `${host}/user1/testimage:1`);
      expect(JSON.parse(await skopeo.inspectRaw(`${host}/user1/testimage:1`)).manifests).to.have.lengthOf(2);
      const refused = await skopeo
        .copyAll(layout.directory, 'multi', `${host}/user2/testimage:1`)
        .then(() => '(it worked)', String);
      expect(refused).to.match(/denied|unauthorized|authentication/i);
    };
    const startTheirs = async (program: string) => {
      const root = held.use(await tempDir('theirs')).path;
      const realm = `${own.registry.url}/auth/token`;
      return held.use(
        await startDistribution(program, join(root, 'store'), {
          token: { realm, service: OTHER, issuer: ISSUER, rootcertbundle: certificate },
        }),
      );
    };

    it('are taken by docker-registry 2.8', async () => {
      await expectTaken(await startTheirs('docker-registry'));
    });

    it('are taken by Distribution 3', async function () {
      this.timeout(330_000);
      const built = await buildGoProgram(DISTRIBUTION_3);
      if ('reason' in built) skipFor(this, built.reason);
      await expectTaken(await startTheirs(built.program));
    });

    it('are named as docker-registry names keys of its bundle', async () => {
      const theirs = await startTheirs('docker-registry');
      const party = await partyOf({ certificate, key: join(home, 'token.key') });
      const access = [{ type: 'repository', name: 'user1/none', actions: ['pull'] }];
      const statusBy = async (kid: string) =>
        (
          await fetch(`${theirs.url}/v2/user1/none/tags/list`, {
            headers: { authorization: `Bearer ${await sign(party, { aud: OTHER, access }, { kid })}` },
          })
        ).status;
      // Without a certificate beside it: by nothing but its name.
      expect(await statusBy(libtrustId(party.publicKey))).to.equal(404);
      expect(await statusBy(thumbprint(party.publicKey))).to.equal(401);
    });

    it('are taken by ourselves', async () => {
      const { token } = await askToken(own.registry.url, ['repository:user1/a:pull'], 'user1');
      const { status } = await fetch(`${own.registry.url}/v2/user1/a/tags/list`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(status).to.equal(404);
      const { keys } = (await (await fetch(`${own.registry.url}/auth/jwks.json`)).json()) as {
        keys: object[];
      };
      expect(keys).to.have.lengthOf(1);
    });
  });

  describe('those of others', () => {
    let registry: TestRegistry;
    let authority: Pair;
    let bundle: string;
    let jwks: string;
    const inSet = makeParty();
    const statusOf = async (token: string) =>
      (await fetch(`${registry.url}/v2/user1/a/tags/list`, { headers: { authorization: `Bearer ${token}` } }))
        .status;

    before(async () => {
      authority = await makePair(home, { name: 'authority' });
      [bundle, jwks] = [join(home, 'bundle.pem'), join(home, 'jwks.json')];
      await writeFile(bundle, await readFile(authority.certificate));
      await writeFile(jwks, keySetOf(inSet));
      registry = held.use(
        await startRegistry({
          config: (config) => ({
            ...config,
            auth: {
              token: {
                ...{ realm: 'http://127.0.0.1:1/token', service: SERVICE, issuer: ISSUER },
                ...{ rootcertbundle: bundle, jwks },
              },
            },
          }),
        }),
      );
    });

    it("are taken by a certificate's key, named as 2.8 and as 3 name it", async () => {
      expect(await statusOf(await sign(await partyOf(authority, 'libtrust')))).to.equal(404);
      expect(await statusOf(await sign(await partyOf(authority, 'thumbprint')))).to.equal(404);
    });

    it('are taken by a certificate that they bring along, if one of the bundle has issued it', async () => {
      const leaf = await makePair(home, { name: 'leaf', by: authority });
      const party = await partyOf(leaf);
      expect(await statusOf(await sign(party))).to.equal(401);
      expect(await statusOf(await sign(party, {}, { x5c: [await derOf(leaf)] }))).to.equal(404);
      expect(
        await statusOf(await sign(await partyOf(authority), {}, { x5c: [await derOf(authority)] })),
      ).to.equal(404);
    });

    it('are refused when that certificate has ended, or has not begun', async () => {
      for (const [name, from, to] of [
        ['ended', daysFromNow(-3), daysFromNow(-1)],
        ['future', daysFromNow(1), daysFromNow(2)],
      ] as const) {
        const leaf = await makePair(home, { name, by: authority, from, to });
        expect(
          await statusOf(await sign(await partyOf(leaf), {}, { x5c: [await derOf(leaf)] })),
          name,
        ).to.equal(401);
      }
    });

    it('are accepted by an intermediate authority when that is in the bundle, and not before', async function () {
      this.timeout(30_000);
      const middle = await makePair(home, { name: 'middle', by: authority });
      const leaf = await makePair(home, { name: 'below', by: middle });
      const token = () =>
        Promise.all([derOf(leaf), derOf(middle)]).then(async (x5c) => sign(await partyOf(leaf), {}, { x5c }));
      expect(await statusOf(await token())).to.equal(401);
      await writeFile(
        bundle,
        `${await readFile(authority.certificate)}${await readFile(middle.certificate)}`,
      );
      // The file is read again; nobody has to restart anything.
      await eventually('the new bundle is in use', async () => (await statusOf(await token())) === 404);
    });

    it('are taken by a key set, which may change', async function () {
      this.timeout(30_000);
      expect(await statusOf(await sign(inSet))).to.equal(404);
      const next = makeParty('rsa');
      expect(await statusOf(await sign(next))).to.equal(401);
      await writeFile(jwks, keySetOf(next));
      await eventually('the new key is in use', async () => (await statusOf(await sign(next))) === 404);
      expect(await statusOf(await sign(inSet))).to.equal(401);
    });

    it('are still accepted when a file is broken later', async function () {
      this.timeout(30_000);
      const party = makeParty();
      await writeFile(jwks, keySetOf(party));
      await eventually('the new key is in use', async () => (await statusOf(await sign(party))) === 404);
      await writeFile(jwks, '{"keys": [');
      await eventually('that is logged', () =>
        registry
          .log()
          .some(({ level, trouble }) => level === 'error' && /it is not JSON/.test(String(trouble))),
      );
      expect(await statusOf(await sign(party))).to.equal(404);
    });

    it('let the anonymous do nothing, since who makes the tokens decides that, too', async () => {
      expect((await fetch(`${registry.url}/v2/stable/a/tags/list`)).status).to.equal(401);
    });
  });

  it('refuses to start with keys that cannot be parsed, and says what is wrong', async () => {
    const secret = join(home, 'secret.json');
    await writeFile(secret, JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] }));
    const weak = join(home, 'weak.json');
    await writeFile(weak, JSON.stringify({ keys: [{ kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' }] }));
    const empty = join(home, 'empty.pem');
    await writeFile(empty, 'nothing\n');
    for (const [auth, message] of [
      [{ jwks: secret }, /auth\.token\.jwks = .*: key 1 is a shared secret/],
      [{ jwks: weak }, /auth\.token\.jwks = .*: key 1 cannot be used/],
      [{ jwks: empty }, /auth\.token\.jwks = .*: expected a JSON Web Key Set/],
      [
        { rootcertbundle: empty },
        /auth\.token\.rootcertbundle = .*: it holds no PEM certificate: expected certificates in PEM/,
      ],
      [
        { rootcertbundle: join(home, 'absent') },
        /auth\.token\.rootcertbundle = .*absent: cannot be read \(ENOENT\)/,
      ],
    ] as const) {
      const failed = await startRegistry({
        config: (config) => ({
          ...config,
          auth: { token: { realm: 'http://127.0.0.1:1/token', service: SERVICE, issuer: ISSUER, ...auth } },
        }),
      }).then(
        async (started) => {
          await started[Symbol.asyncDispose]();
          return '(it started)';
        },
        (error: unknown) => String(error),
      );
      expect(failed).to.match(message);
    }
  });
});
