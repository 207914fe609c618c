import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import {
  decodeJwt,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { Browser, type Page } from '../support/browser.ts';
import { Docker } from '../support/clients/docker.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  KEY_ID,
  type OidcProviderOptions,
  startOidcProvider,
} from '../support/oidc-provider.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { type OidcWorld, readCredential, saidBy, startOidcWorld } from './oidc-world.ts';

/** Names that somebody may have at a provider, and what the registry makes of them. */
const NAMES = {
  html: `<img src=x onerror="alert(1)">&amp;'`,
  shell: `eve'; touch /tmp/eve; $(id) \`id\` "`,
  dash: '-p',
  robot: 'robot+ci',
  reserved: 'alice@oidc',
  colon: 'alice:admin',
  newline: 'alice\nadmin',
  turned: 'alice\u{202e}nimda',
  space: ' alice',
  empty: '',
  number: 42,
} as const;

describe('accounts of an OpenID provider', function () {
  this.timeout(60_000);
  let world: OidcWorld;

  before(async () => {
    const odd = Object.entries(NAMES).map(([key, name]) => [key, { preferred_username: name }]);
    world = await startOidcWorld({
      people: {
        alice: { preferred_username: 'alice', groups: ['staff', 'builders'] },
        bob: { preferred_username: 'bob', groups: [] },
        eve: {
          preferred_username: 'eve',
          groups: ['operators', 'releasers', 'builders@oidc', 'operators@oidc'],
        },
        list: { preferred_username: 'list', groups: ['ok', { not: 'a name' }] },
        ...Object.fromEntries(odd),
      },
    });
  });
  after(() => world?.[Symbol.asyncDispose]());

  const expectRefused = (page: Page, status: number, words: string) => {
    expect(page.status, page.body).to.equal(status);
    expect(saidBy(page).toLowerCase()).to.contain(words.toLowerCase());
    expect(page.body).to.not.contain('rsr_');
  };

  describe('log in in a browser', () => {
    it('and get a credential for their name, with the groups that the provider reports', async () => {
      const page = await world.logIn('alice');
      expect(page.status, page.body).to.equal(200);
      const { words, registry, name, secret } = await readCredential(page);
      expect(words).to.deep.equal(['docker', 'login', registry, '-u', name, '-p', secret]);
      expect([registry, name]).to.deep.equal([world.registry.host, 'alice']);
      expect(saidBy(page)).to.contain('staff@oidc, builders@oidc');
      const { ask } = world;
      const all = ['delete', 'pull', 'push'];
      const asked = await ask(name, secret, 'repository:alice/image:pull,push,delete');
      expect([...asked.actions].sort()).to.deep.equal(all);
      const candidate = await ask(name, secret, 'repository:candidate/base:pull,push');
      expect(candidate.actions, 'as a builder').to.include('push');
      expect((await ask(name, secret, 'repository:bob/image:push,delete')).actions).to.deep.equal([]);
      const bob = await readCredential(await world.logIn('bob'));
      expect((await ask('bob', bob.secret, 'repository:candidate/base:push')).actions).to.deep.equal([]);
      expect((await ask('bob', secret)).status, "another one's").to.equal(401);
      expect((await ask('alice', `${secret}x`)).status).to.equal(401);
    });

    it('and get nothing by a group that is called as one of the registry, unless it is mapped', async () => {
      const page = await world.logIn('eve');
      expect(saidBy(page)).to.contain('operators@oidc, releasers@oidc').and.not.contain('builders');
      const { secret } = await readCredential(page);
      for (const scope of [
        'registry:access:administer',
        'repository:alice/secret:push,delete',
        'repository:stable/base:promote',
        'repository:candidate/base:push',
      ])
        expect((await world.ask('eve', secret, scope)).actions, scope).to.deep.equal([]);
    });

    it('as often as they like: each machine has a credential of its own', async () => {
      const browser = new Browser();
      const first = await readCredential(await world.logIn('alice', browser));
      const second = await readCredential(await world.logIn('alice', browser));
      expect(first.secret).to.not.equal(second.secret);
      // At once, as people are, though this name was asked about a moment ago.
      await sleep(200);
      for (const { secret } of [second, first])
        expect((await world.ask('alice', secret)).status).to.equal(200);
    });

    it('with a cookie that no script reads, no other site sends along, and that ends with the login', async () => {
      const browser = new Browser();
      const url = await world.toCallback(browser, 'alice');
      const cookie = browser.cookie(world.loginUrl, 'roadstead-login') ?? '';
      expect(cookie)
        .to.match(/; HttpOnly/)
        .and.match(/; SameSite=Lax/)
        .and.match(/; Max-Age=900/);
      expect(cookie, 'sealed').to.not.contain(new URL(url).searchParams.get('state'));
      await browser.open(url);
      expect(browser.cookie(world.loginUrl, 'roadstead-login')).to.equal(undefined);
    });

    it('with a cookie that goes over TLS only, and only to this host, where the registry is reached so', async () => {
      await using behind = await startOidcWorld({ publicUrl: 'https://registry.example.org' });
      const isProviders = (url: string) => url.startsWith(behind.provider.issuer);
      const browser = new Browser();
      const { url } = await browser.open(behind.loginUrl, isProviders);
      const callback = 'https://registry.example.org/auth/callback';
      expect(new URL(url).searchParams.get('redirect_uri')).to.equal(callback);
      const cookie = browser.cookie(behind.loginUrl, '__Host-roadstead-login');
      expect(cookie)
        .to.match(/; Secure(;|$)/)
        .and.match(/; Path=\/;/)
        .and.not.match(/; Domain/i);
    });

    it('by a code that only they can use: S256, state and nonce', async () => {
      const isProviders = (url: string) => url.startsWith(world.provider.issuer);
      const { url } = await new Browser().open(world.loginUrl, isProviders);
      const { searchParams } = new URL(url);
      expect(searchParams.get('code_challenge_method')).to.equal('S256');
      expect(searchParams.get('response_type')).to.equal('code');
      for (const name of ['state', 'nonce', 'code_challenge'])
        expect(searchParams.get(name), name).to.have.length.above(40);
    });

    it('on pages that run nothing, load in no frame and are never cached', async () => {
      for (const page of [
        await world.logIn('alice'),
        await new Browser().open(world.callbackUrl),
        await new Browser().open(world.loginUrl, () => true),
      ]) {
        const { headers } = page;
        expect(headers.get('content-security-policy'))
          .to.contain("default-src 'none'; style-src 'sha256-")
          .and.contain("frame-ancestors 'none'")
          .and.contain("base-uri 'none'")
          .and.not.contain('unsafe');
        expect(headers.get('cache-control')).to.equal('no-store');
        expect(headers.get('referrer-policy')).to.equal('no-referrer');
        expect(headers.get('x-content-type-options')).to.equal('nosniff');
        expect(headers.get('x-frame-options')).to.equal('DENY');
        expect(page.body).to.not.match(/<script|javascript:| on\w+=/i);
      }
    });
  });

  describe('are refused', () => {
    it('with a state that was made up', async () => {
      const browser = new Browser();
      const url = new URL(await world.toCallback(browser, 'alice'));
      url.searchParams.set('state', 'made-up');
      expectRefused(await browser.open(url.href), 400, 'begin again');
      url.searchParams.delete('state');
      expectRefused(await browser.open(url.href), 400, 'begin again');
    });

    it('with a state that is given twice', async () => {
      const browser = new Browser();
      const url = await world.toCallback(browser, 'alice');
      expectRefused(await browser.open(`${url}&state=other`), 403, 'cannot be trusted');
    });

    it('in a browser that has begun no login, or another one: nobody is logged in as somebody else', async () => {
      const url = await world.toCallback(new Browser(), 'alice');
      expectRefused(await new Browser().open(url), 400, 'has begun no login');
      const victim = new Browser();
      await world.toCallback(victim, 'bob');
      expectRefused(await victim.open(url), 400, 'has begun another login since');
    });

    it('with a cookie that was made up or changed', async () => {
      const browser = new Browser();
      const url = await world.toCallback(browser, 'alice');
      const cookie = browser.cookie(world.loginUrl, 'roadstead-login')?.split(';')[0] ?? '';
      expect(cookie).to.match(/^roadstead-login=.{20}/);
      for (const forged of [
        'roadstead-login=e30',
        `${cookie.slice(0, -4)}${cookie.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`,
        `roadstead-login=${'A'.repeat(9000)}`,
      ]) {
        const response = await fetch(url, { headers: { cookie: forged } });
        expect(response.status).to.equal(400);
      }
    });

    it('with a code that was used already', async () => {
      const [browser, thief] = [new Browser(), new Browser()];
      const url = await world.toCallback(browser, 'alice');
      thief.takeCookies(world.loginUrl, browser);
      expect((await browser.open(url)).status).to.equal(200);
      expectRefused(await browser.open(url), 400, 'has begun no login');
      expectRefused(await thief.open(url), 400, 'already used');
    });

    it("with another provider's code", async () => {
      await using other = await startOidcProvider({
        people: { alice: { preferred_username: 'alice' } },
        redirectUris: [world.callbackUrl],
      });
      const browser = new Browser();
      const isProviders = (url: string) => url.startsWith(world.provider.issuer);
      const asked = new URL((await browser.open(world.loginUrl, isProviders)).url);
      // The attacker's provider is asked for what ours was asked for.
      const isBack = (url: string) => url.startsWith(world.callbackUrl);
      let page = await browser.open(`${other.issuer}${asked.pathname}${asked.search}`, isBack);
      page = await browser.submit(page, { login: 'alice', password: 'x' }, isBack);
      page = await browser.submit(page, {}, isBack);
      expectRefused(await browser.open(page.url), 403, 'cannot be trusted');
      const url = new URL(page.url);
      url.searchParams.set('iss', world.provider.issuer);
      expectRefused(await browser.open(url.href), 400, 'begin again');
      expect(other.asked).to.not.include('/token');
    });

    it('when the provider refuses them, with its reason and nothing that others wrote', async () => {
      const browser = new Browser();
      const url = new URL(await world.toCallback(browser, 'alice'));
      url.searchParams.delete('code');
      url.searchParams.set('error', 'access_denied');
      url.searchParams.set('error_description', 'call 555-0100');
      const page = await browser.open(url.href);
      expectRefused(page, 403, 'did not let you in: access_denied');
      expect(page.body).to.not.contain('555-0100');
      url.searchParams.set('error', 'call 555-0100');
      expect((await browser.open(url.href)).body).to.not.contain('555-0100');
    });

    for (const [person, words] of [
      ['robot', "names that begin with robot+ are robots'"],
      ['reserved', 'it belongs to another source'],
      ['colon', 'a colon'],
      ['newline', 'characters that cannot be seen'],
      ['turned', 'characters that cannot be seen'],
      ['space', 'begins or ends with a space'],
      ['empty', 'gives no name for you'],
      ['number', 'gives no name for you'],
      ['list', 'are not names'],
    ] as const)
      it(`when the provider's claims about them cannot be used: ${person}`, async () => {
        expectRefused(await world.logIn(person), 403, words);
      });
  });

  for (const person of ['html', 'shell', 'dash'] as const)
    it(`may have names that are odd, and stay what they are on pages and in shells: ${person}`, async () => {
      const page = await world.logIn(person);
      const { name, secret } = await readCredential(page);
      expect(name).to.equal(NAMES[person]);
      expect(page.body).to.not.contain('<img');
      expect((await world.ask(name, secret)).status).to.equal(200);
      const { actions } = await world.ask(name, secret, `repository:${person}/image:push`);
      expect(actions, 'a name that is none of a repository owns nothing').to.deep.equal([]);
    });

  it('are led nowhere but to the provider and back', async () => {
    for (const target of [
      '?redirect_uri=https://evil.test/',
      '?next=//evil.test',
      '?return_to=https:evil.test',
    ]) {
      const isProviders = (url: string) => !url.startsWith(world.loginUrl);
      const { url } = await new Browser().open(`${world.loginUrl}${target}`, isProviders);
      expect(url.startsWith(`${world.provider.issuer}/`), url).to.equal(true);
      expect(new URL(url).searchParams.get('redirect_uri')).to.equal(world.callbackUrl);
      expect(url).to.not.contain('evil.test');
    }
  });

  it('begin by themselves: from another site they are asked first', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const response = await fetch(world.loginUrl, {
        headers: { 'sec-fetch-site': site },
        redirect: 'manual',
      });
      expect(response.status).to.equal(200);
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect(await response.text()).to.contain('<a class="button" href="login">');
    }
  });

  it('leave nothing secret in the log', async () => {
    const browser = new Browser();
    const url = await world.toCallback(browser, 'alice');
    const cookie = browser.cookie(world.loginUrl, 'roadstead-login')?.split(';')[0]?.split('=')[1] ?? '';
    const { secret } = await readCredential(await browser.open(url));
    const lines = () => world.registry.log().map((line) => JSON.stringify(line));
    await eventually('the login is logged', async () =>
      lines().some((line) => line.includes('/auth/callback')),
    );
    const logged = lines().join('\n');
    for (const each of [secret, cookie, new URL(url).searchParams.get('code') ?? '', 'rsr_'])
      expect(each === '' || logged.includes(each), each).to.equal(false);
    expect(logged).to.contain('"user":"alice"');
  });
});

requires(['skopeo', 'docker', 'dockerd'])('clients with a credential of a login in a browser', function () {
  this.timeout(60_000);
  let world: OidcWorld;
  before(async () => {
    world = await startOidcWorld({ promotion: false });
  });
  after(() => world?.[Symbol.asyncDispose]());

  it('push and pull below their own name, and nowhere else', async () => {
    await using skopeo = await Skopeo.open();
    await using home = await tempDir('layout');
    const layout = await makeImageLayout(home.path, { layerSizesMib: [0.1] });
    const { name, secret } = await readCredential(await world.logIn('alice'));
    const { host } = world.registry;
    await skopeo.run('login', '--tls-verify=false', '-u', name, '-p', secret, host);
    await skopeo.copyAll(layout.directory, 'amd64', `${host}/alice/image:1`);
    await skopeo.pull(`${host}/alice/image:1`);
    const refused = await skopeo
      .copyAll(layout.directory, 'amd64', `${host}/bob/image:1`)
      .then(() => undefined, String);
    expect(refused).to.match(/denied|unauthorized|authentication required/i);
  });

  it('log in by the command that the page shows, word by word', async () => {
    await using docker = await Docker.open();
    const { words } = await readCredential(await world.logIn('alice'));
    expect((await docker.run(...words.slice(1))).stdout).to.contain('Login Succeeded');
  });
});

describe('credentials of logins in a browser', function () {
  this.timeout(60_000);

  it('end when their time is over', async () => {
    await using world = await startOidcWorld({ oidc: { lifetime: '10s' } });
    const { secret } = await readCredential(await world.logIn('alice'));
    expect((await world.ask('alice', secret)).status).to.equal(200);
    let message: string | undefined;
    await eventually(
      'it is refused',
      async () => {
        const answer = await world.ask('alice', secret);
        message = answer.message;
        return answer.status === 401;
      },
      30_000,
      100,
    );
    expect(message, 'where to get another one').to.contain(world.loginUrl);
  });

  it('end for good when an operator revokes them, and are listed until then', async () => {
    await using world = await startOidcWorld();
    const { secret } = await readCredential(await world.logIn('alice'));
    expect((await world.ask('alice', secret)).status).to.equal(200);
    const listed = await world.registry.offline(['credentials', 'list']);
    expect(listed.stdout)
      .to.match(/^alice +staff,builders /m)
      .and.not.contain(secret);
    await world.registry.offline(['credentials', 'revoke', 'alice']);
    const isOver = async () => (await world.ask('alice', secret)).status === 401;
    await eventually('it is taken no more', isOver);
    const record = await auditOf(world);
    expect(record).to.contain('credential.issue').and.contain('credential.revoke').and.not.contain(secret);
    expect(record).to.contain(`"subject":"${world.provider.issuer} alice"`);
    const again = await readCredential(await world.logIn('alice'));
    // A person takes longer to paste it.
    await sleep(200);
    expect((await world.ask('alice', again.secret)).status, 'who logs in again').to.equal(200);
    expect((await world.ask('alice', secret)).status).to.equal(401);
  });

  it('are for names that end in @oidc where another source is asked first', async () => {
    await using home = await tempDir('htpasswd');
    const path = join(home.path, 'htpasswd');
    await writeFile(path, `alice:${hashSync('of the file', 4)}\n`);
    await using world = await startOidcWorld({ before: [{ htpasswd: { path } }] });
    const page = await world.logIn('alice');
    const { name, secret } = await readCredential(page);
    expect(name).to.equal('alice@oidc');
    expect(saidBy(page)).to.contain('staff@oidc, builders@oidc');
    const scope = 'repository:alice/image:push';
    expect((await world.ask(name, secret, scope)).actions, "not the file's alice").to.deep.equal([]);
    expect((await world.ask('alice', 'of the file', scope)).actions).to.deep.equal(['push']);
    expect((await world.ask(name, 'of the file')).status).to.equal(401);
  });
});

describe('an OpenID provider whose answers are not what they should be', function () {
  this.timeout(60_000);
  type KeyLike = GenerateKeyPairResult['privateKey'];
  type Tamper = NonNullable<OidcProviderOptions['tamper']>;
  let world: OidcWorld;
  let tamper: Tamper | undefined;
  before(async () => {
    world = await startOidcWorld({
      provider: { tamper: async (answer, keys) => tamper?.(answer, keys) },
    });
  });
  after(() => world?.[Symbol.asyncDispose]());

  /** The same ID token with other claims, signed by the provider's own key, or as is said. */
  const resigned =
    (claims: object, header: JWTHeaderParameters = { alg: 'RS256', kid: KEY_ID }, key?: KeyLike): Tamper =>
    async (answer, keys) => {
      const payload = { ...decodeJwt(String(answer['id_token'])), ...claims };
      const signed = new SignJWT(payload).setProtectedHeader(header);
      answer['id_token'] = await signed.sign(key ?? keys.privateKey);
    };
  const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;

  for (const [what, bend] of [
    ['of another login (nonce)', resigned({ nonce: 'another' })],
    ['without a nonce', resigned({ nonce: undefined })],
    ['for another client', resigned({ aud: 'another' })],
    ['for several, of which we are not the one that asked', resigned({ aud: [CLIENT_ID, 'b'], azp: 'b' })],
    ['of another issuer', resigned({ iss: 'http://127.0.0.1:1' })],
    ['that has ended', resigned({ exp: seconds(-3600), iat: seconds(-7200) })],
    ['that is not good yet', resigned({ nbf: seconds(3600) })],
    ['without an end', resigned({ exp: undefined })],
    ['by an unknown key', resigned({}, { alg: 'RS256', kid: 'unknown' })],
    [
      'by a key of somebody else',
      async (answer, keys) => {
        const { privateKey } = await generateKeyPair('RS256');
        await resigned({}, { alg: 'RS256', kid: KEY_ID }, privateKey)(answer, keys);
      },
    ],
    [
      'signed by the shared secret',
      async (answer) => {
        const secret = Buffer.from(CLIENT_SECRET);
        const claims = decodeJwt(String(answer['id_token']));
        answer['id_token'] = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret);
      },
    ],
    [
      'signed by nobody',
      async (answer) => {
        const [, payload] = String(answer['id_token']).split('.');
        const header = Buffer.from('{"alg":"none"}').toString('base64url');
        answer['id_token'] = `${header}.${payload}.`;
      },
    ],
    [
      'changed after it was signed',
      async (answer) => {
        const [header, payload = '', signature] = String(answer['id_token']).split('.');
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
        const other = Buffer.from(JSON.stringify({ ...claims, preferred_username: 'root' }));
        answer['id_token'] = `${header}.${other.toString('base64url')}.${signature}`;
      },
    ],
    [
      'that is none',
      async (answer) => {
        answer['id_token'] = 'none';
      },
    ],
    [
      'that is missing',
      async (answer) => {
        delete answer['id_token'];
      },
    ],
  ] as [string, Tamper][])
    it(`is not believed an ID token ${what}`, async () => {
      tamper = bend;
      const page = await world.logIn('alice');
      tamper = undefined;
      expect(page.status, page.body).to.equal(403);
      expect(saidBy(page)).to.contain('cannot be trusted');
      expect(page.body).to.not.contain('rsr_');
      expect((await world.logIn('alice')).status, 'as it was').to.equal(200);
    });

  it('is not believed what it says of somebody else (userinfo)', async () => {
    tamper = resigned({ sub: 'bob' });
    const page = await world.logIn('alice');
    tamper = undefined;
    expect(page.status, page.body).to.equal(403);
  });
});

describe('an OpenID provider', function () {
  this.timeout(60_000);

  it('that is down stops no registry: there is a page that says so, and logins work when it is up', async () => {
    await using world = await startOidcWorld({ isProviderDown: true });
    const page = await new Browser().open(world.loginUrl);
    expect(page.status).to.equal(503);
    expect(page.headers.get('retry-after')).to.match(/^\d+$/);
    expect(page.headers.get('content-type')).to.contain('text/html');
    expect(saidBy(page)).to.contain(`logins go through ${new URL(world.provider.issuer).host}`.slice(1));
    await world.provider.start();
    const isUp = async () => (await new Browser().open(world.loginUrl, () => true)).status === 303;
    await eventually('logins begin', isUp);
    expect((await world.logIn('alice')).status).to.equal(200);
  });

  it('that goes down after a login is needed for new logins only', async () => {
    await using world = await startOidcWorld();
    const { secret } = await readCredential(await world.logIn('alice'));
    const browser = new Browser();
    const url = await world.toCallback(browser, 'alice');
    await world.provider.stop();
    expect((await world.ask('alice', secret)).status).to.equal(200);
    const page = await browser.open(url);
    expect(page.status).to.equal(503);
    expect(saidBy(page)).to.contain('does not answer as it should');
  });

  it('that does not answer holds up a login for no longer than the configuration says', async () => {
    await using world = await startOidcWorld({
      isProviderDown: true,
      oidc: { issuer: 'http://127.0.0.1:1', timeout: '1s' },
    });
    const startedAt = performance.now();
    expect((await new Browser().open(world.loginUrl)).status).to.equal(503);
    expect(performance.now() - startedAt).to.be.below(10_000);
  });

  for (const clientAuth of ['client_secret_post', 'none'] as const)
    it(`may know the registry by ${clientAuth}`, async () => {
      await using world = await startOidcWorld({
        provider: { clientAuth, config: { clientAuthMethods: [clientAuth] } },
      });
      expect((await world.logIn('alice')).status).to.equal(200);
    });

  it('may send names and groups in claims of other names, and in the ID token itself', async () => {
    await using world = await startOidcWorld({
      people: { alice: { nick: 'al', 'https://example.test/teams': 'builders' } },
      provider: {
        config: {
          conformIdTokenClaims: false,
          claims: { openid: ['sub', 'nick', 'https://example.test/teams'] },
        },
      },
      oidc: { nameclaim: 'nick', groupsclaim: 'https://example.test/teams', scopes: ['openid'] },
    });
    const page = await world.logIn('alice');
    expect((await readCredential(page)).name).to.equal('al');
    expect(saidBy(page)).to.contain('builders');
    expect(world.provider.asked).to.not.include('/me');
  });

  it('has to vouch for an e-mail address that is to be a name', async () => {
    await using world = await startOidcWorld({
      people: {
        yes: { email: 'yes@example.test', email_verified: true },
        no: { email: 'no@example.test', email_verified: false },
        perhaps: { email: 'perhaps@example.test' },
      },
      oidc: { nameclaim: 'email', scopes: ['openid', 'email'] },
    });
    expect((await readCredential(await world.logIn('yes'))).name).to.equal('yes@example.test');
    for (const person of ['no', 'perhaps']) {
      const page = await world.logIn(person);
      expect(page.status).to.equal(403);
      expect(saidBy(page)).to.contain('has not verified');
    }
  });
});

/** All of the audit record. */
async function auditOf({ registry }: OidcWorld): Promise<string> {
  let text = '';
  for await (const path of glob(join(registry.rootDirectory, 'roadstead/audit/**/*.jsonl')))
    text += await readFile(path, 'utf8');
  return text;
}
