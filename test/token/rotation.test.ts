/**
 * Promise: keys are rotated while people pull, on several nodes, and no pull fails; a key that was taken back is refused by
 * every node within seconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { decodeProtectedHeader } from 'jose';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { askToken, claimsOf, PASSWORD, startTokenRegistry, type TokenRegistry } from './registry.ts';

/** Tokens are asked for all the time, as if thousands of clients came. */
const TOKEN_LIFETIME = '2s';
const ROTATIONS = 3;
/** Longer than a client uses a token: each key signs for this long at least, so that it signs some. */
const BETWEEN_ROTATIONS_MS = 2500;

interface ListedKey {
  readonly kid: string;
  readonly state: string;
}

requires(['skopeo'])('keys that are rotated', () => {
  const held = new AsyncDisposableStack();
  let tokens: TokenRegistry;
  let nodes: TokenRegistry[];
  let layout: ImageLayout;

  const listKeys = async (): Promise<ListedKey[]> => {
    const { stdout } = await tokens.registry.offline(['keys', 'list', '--json']);
    return (JSON.parse(stdout) as { keys: ListedKey[] }).keys;
  };
  const pull = (node: TokenRegistry, token: string, tag = '1') =>
    fetch(`${node.registry.url}/v2/user1/app/manifests/${tag}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.oci.image.index.v1+json' },
    });
  const freshToken = async () => {
    const { status, token } = await askToken(tokens.registry.url, ['repository:user1/app:pull'], 'user1');
    if (status !== 200) throw new Error(`no token: ${status}`);
    return token;
  };

  before(async () => {
    const store = held.use(await tempDir('rotation')).path;
    tokens = held.use(
      await startTokenRegistry({
        rootDirectory: store,
        command: 'token',
        token: { lifetime: TOKEN_LIFETIME },
      }),
    );
    const node = () =>
      startTokenRegistry({
        ...{ rootDirectory: store, command: 'api', people: tokens.people },
        auth: { realm: `${tokens.registry.url}/auth/token`, autoredirect: false },
      });
    nodes = (await Promise.all([node(), node()])).map((each) => held.use(each));
    layout = await makeImageLayout(held.use(await tempDir('image')).path);
    await using skopeo = await Skopeo.open();
    const [first] = nodes;
    const host = first?.registry.host ?? '';
    await skopeo.login(host, { username: 'user1', password: `user1${PASSWORD}` });
    await skopeo.copyAll(layout.directory, 'multi', `${host}/user1/app:1`);
  });
  after(() => held.disposeAsync());

  it(`${ROTATIONS} times while people pull fail no pull on any node`, async function () {
    this.timeout(120_000);
    const failures: string[] = [];
    const kids = new Set<string>();
    /** Which node has accepted a token by which key. */
    const accepted = new Set<string>();
    let pulls = 0;
    let isOver = false;
    /** As clients do: a token is used until a little before its end, then there is a new one. */
    const pullAllTheTime = async (worker: number) => {
      let token = '';
      for (let i = worker; !isOver; i++) {
        if (token === '' || (claimsOf(token)['exp'] as number) * 1000 < Date.now() + 500) {
          token = await freshToken();
          kids.add(String(decodeProtectedHeader(token).kid));
        }
        const node = nodes[i % nodes.length] as TokenRegistry;
        const { kid } = decodeProtectedHeader(token);
        const response = await pull(node, token);
        await response.arrayBuffer();
        pulls++;
        if (response.status === 200) accepted.add(`${i % nodes.length} ${kid}`);
        else failures.push(`${response.status} ${response.headers.get('www-authenticate')}`);
        await sleep(5);
      }
    };
    const realPulls = async () => {
      await using skopeo = await Skopeo.open();
      for (const { registry } of nodes)
        await skopeo.login(registry.host, { username: 'user1', password: `user1${PASSWORD}` });
      for (let i = 0; !isOver; i++) {
        const { host } = (nodes[i % nodes.length] as TokenRegistry).registry;
        await skopeo.pull(`${host}/user1/app:1`);
        pulls++;
      }
    };
    const pulling = Promise.all([...[0, 1, 2, 3].map(pullAllTheTime), realPulls()]);
    try {
      for (let i = 0; i < ROTATIONS; i++) {
        await tokens.registry.offline(['keys', 'rotate', '--after', '10s']);
        await Promise.race([sleep(BETWEEN_ROTATIONS_MS), pulling]);
      }
      const newest = (await listKeys()).at(-1)?.kid;
      const isAccepted = () => nodes.every((_, i) => accepted.has(`${i} ${newest}`));
      await Promise.race([pulling, eventually('every node accepts the newest key', isAccepted, 60_000)]);
    } finally {
      isOver = true;
      await pulling;
    }
    expect(failures).to.deep.equal([]);
    expect(pulls).to.be.greaterThan(200);
    expect([...kids]).to.deep.equal((await listKeys()).map(({ kid }) => kid));
    if (this.test) this.test.title += `: ${pulls} pulls by ${kids.size} keys, none failed`;
  });

  it('show which one signs', async () => {
    const keys = await listKeys();
    expect(keys.map(({ state }) => state)).to.deep.equal([...Array(ROTATIONS).fill('checks'), 'signs']);
    const { stdout } = await tokens.registry.offline(['keys', 'list']);
    expect(stdout.split('\n')[0]).to.match(/^KID +ALGORITHM +STATE +MADE +SIGNS FROM$/);
  });

  it('may not sign before every node knows them', async () => {
    const { code, stderr } = await tokens.registry.offline(['keys', 'rotate', '--after', '3s'], {
      allowFailure: true,
    });
    expect(code).to.equal(1);
    expect(stderr).to.include('expected --after 10s or more');
    expect(await listKeys()).to.have.lengthOf(ROTATIONS + 1);
  });

  it('are refused everywhere within seconds once they were taken back', async function () {
    this.timeout(120_000);
    const token = async () =>
      (await askToken(tokens.registry.url, ['repository:user1/app:pull'], 'user1')).token;
    const before = await token();
    for (const node of nodes) expect((await pull(node, before)).status).to.equal(200);
    await tokens.registry.offline(['keys', 'rotate', '--revoke']);
    const takenBackAt = performance.now();
    // By its `kid`, not by its time: whoever has the key makes tokens that are fresh.
    const old = String(decodeProtectedHeader(before).kid);
    for (const node of nodes)
      await eventually('it is refused', async () => (await pull(node, before)).status === 401);
    // By themselves they end after more than a minute.
    expect(performance.now() - takenBackAt).to.be.below(15_000);
    await eventually('the service signs with the new key', async () => {
      const made = await token();
      return (
        decodeProtectedHeader(made).kid !== old &&
        (await pull(nodes[0] as TokenRegistry, made)).status === 200
      );
    });
    expect(await listKeys()).to.have.lengthOf(1);
  });

  it('are recorded, with who did that', async () => {
    const { stdout } = await tokens.registry.offline(['audit', '--json']);
    const lines = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { action?: string; actor?: { kind: string } });
    const rotations = lines.filter(({ action }) => action === 'key.rotate');
    expect(rotations.map(({ actor }) => actor?.kind)).to.include.members(['system', 'local']);
  });
});
