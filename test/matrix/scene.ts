import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Status } from '../../services/release/schemas.ts';
import { startShippedFront } from '../cluster/shipped-front.ts';
import { makePair, type Pair } from '../http/certificates.ts';
import { send } from '../protocol/wire.ts';
import type { Login } from '../support/clients/pull-client.ts';
import { eventually } from '../support/eventually.ts';
import type { Content, Image } from '../support/image.ts';
import { type NginxMirror, startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import type { MirrorEntry, TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { PASSWORD } from '../token/registry.ts';
import { type SwitchableMirror, startFaultProxy } from './fault-proxy.ts';
import { FRONT_ADDRESS, startFront } from './front.ts';
import { newImage, pushAs } from './image.ts';
import { type Mode, type Nodes, startNodes } from './nodes.ts';

/** Rendezvous hashing gives it all blobs but one in a million. */
const ALPHA_WEIGHT = 1_000_000;
const CANDIDATE = 'candidate/app';
const STABLE = 'stable/app';
const PERSON = 'user1';
const READY_MS = 30_000;
/** Longer than any pause between two looks of the worker at a mirror that is well. */
const LOOK_MS = 5000;
const LOOK_ENDS_MS = 100;

export interface SceneOptions {
  readonly mode: Mode;
  readonly nodes: number;
  readonly hasRedis: boolean;
  /** True has the registry and the mirrors speak TLS, by an authority that clients are given. */
  readonly hasTls: boolean;
}

/** What a registry decided for a blob, as it logged it. */
export interface Decided {
  readonly atMs: number;
  readonly digest: string;
  /** A mirror, `serve`, or `store`. */
  readonly decision: string;
  readonly reason: string;
}

/** A registry with the mirrors alpha, which comes first and may be struck, and beta; and an image that both hold. */
export interface Scene extends AsyncDisposable {
  /** `127.0.0.1:PORT`, for clients. */
  readonly host: string;
  readonly reference: string;
  readonly alpha: SwitchableMirror;
  readonly hasTls: boolean;
  /** The authority's certificate. */
  readonly authority: string;
  /** Whom clients log in as, if they have to. */
  readonly login: Login | undefined;
  /** Why `roadstead status` says that alpha is not what it should be. */
  problemOfAlpha(): Promise<string | undefined>;
  /** Returns when the worker has just looked at alpha and found it well. */
  untilLookedAt(): Promise<void>;
  /** Asks for the layers at the registry and where it sends us, as a client that fails and asks once more. */
  meetTheFault(): Promise<void>;
  /** What was decided for blobs since then, in order. */
  decidedSince(atMs: number): Decided[];
}

/** Starts it all, and returns when every node would send clients to alpha. */
export async function startScene(options: SceneOptions): Promise<Scene> {
  const { mode, hasTls } = options;
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('scene')).path;
  const pairs = hasTls ? await makePairs(home) : undefined;
  const authority = pairs?.authority.certificate ?? '';
  const [port, frontPort] = [await freePort(), await freePort()];

  const start = async (name: string): Promise<[NginxMirror, SwitchableMirror, MirrorEntry]> => {
    const root = join(home, name);
    const originUrl = `http://127.0.0.1:${port}`;
    const mirror = await startNginxMirror({ root, originUrl });
    held.use(mirror);
    const proxy = await startFaultProxy({
      ...{ upstream: mirror.url, originUrl: `${originUrl}/origin` },
      ...(pairs && { tls: { trusted: pairs.mirror, unknown: pairs.unknown } }),
    });
    held.use(proxy);
    const weight = name === 'alpha' ? ALPHA_WEIGHT : 1;
    const entry = { name, url: proxy.url, weight, sameoperator: true, write: { webdav: mirror.davUrl } };
    return [mirror, proxy, entry];
  };
  const [[, alpha, toAlpha], [, , toBeta]] = await Promise.all([start('alpha'), start('beta')]);
  // Nodes that cannot tell each other what they saw need a load balancer that keeps a client at one of them.
  const isByAddress = options.nodes > 1 && !options.hasRedis;
  const proxy = isByAddress ? '127.0.0.1' : FRONT_ADDRESS;
  const nodes = await startNodes(held, {
    ...{ mode, port, count: options.nodes, hasRedis: options.hasRedis, mirrors: [toAlpha, toBeta] },
    ...(hasTls && { behind: { url: `https://127.0.0.1:${frontPort}`, proxies: [`${proxy}/32`] } }),
    env: hasTls ? { NODE_EXTRA_CA_CERTS: authority } : {},
  });
  const { first, headersOf } = nodes;
  const hosts = nodes.all.map(({ host }) => host);
  const host = options.nodes > 1 || hasTls ? `127.0.0.1:${frontPort}` : first.host;
  if (isByAddress)
    held.use(
      await startShippedFront(hosts, {
        ...{ tokens: [first.host], port: frontPort, name: host, pair: pairs?.mirror },
      }),
    );
  else if (host !== first.host) held.use(await startFront(frontPort, hosts, pairs?.mirror));

  const image = newImage();
  await publish(nodes, image);
  const view = await headersOf('operator', 'registry:release:view');
  const status = async () =>
    JSON.parse(String((await send(nodes.releaseUrl, '/api/v1/status', { headers: view })).body)) as Status;
  const { head } = await status();
  for (const node of nodes.all)
    await eventually('the node sends clients to both', () => knowsMirrors(node, head), READY_MS);

  const all = held.move();
  return {
    ...{ host, reference: `${host}/${STABLE}:1`, alpha, hasTls, authority },
    login: mode === 'token' ? { username: PERSON, password: PERSON + PASSWORD } : undefined,
    async problemOfAlpha() {
      const { mirrors } = await status();
      const { healthy, reason = 'down', missing } = mirrors.find(({ name }) => name === 'alpha') ?? {};
      if (healthy === false) return reason;
      return missing ? `lacks ${missing}` : undefined;
    },
    async untilLookedAt() {
      const beganAtMs = Date.now();
      const isLookedAt = () =>
        alpha.requests.some(
          ({ isOfClient, atMs, endedAtMs }) => !isOfClient && atMs >= beganAtMs && endedAtMs !== undefined,
        );
      await eventually('alpha is looked at', isLookedAt, LOOK_MS).catch(() => undefined);
      // The worker has heard the end by then, too.
      await sleep(LOOK_ENDS_MS);
    },
    async meetTheFault() {
      const headers = await headersOf(PERSON, `repository:${STABLE}:pull`);
      for (let attempt = 0; attempt < 2; attempt++)
        for (const { digest } of image.layers)
          await read(`${first.url}/v2/${STABLE}/blobs/${digest}`, headers);
    },
    decidedSince: (atMs) =>
      nodes.all.flatMap((node) => decisionsOf(node, atMs)).toSorted((a, b) => a.atMs - b.atMs),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function makePairs(directory: string): Promise<{ authority: Pair; mirror: Pair; unknown: Pair }> {
  const authority = await makePair(directory, { name: 'authority' });
  const mirror = await makePair(directory, { name: 'mirror', by: authority, isAuthority: false });
  return { authority, mirror, unknown: await makePair(directory, { name: 'unknown' }) };
}

/** Pushes the image, and promotes it when both mirrors hold it. */
async function publish({ first, releaseUrl, headersOf }: Nodes, image: Image<Content>): Promise<void> {
  const mayPush = await headersOf('builder', `repository:${CANDIDATE}:pull,push`);
  await pushAs(mayPush, first.url, CANDIDATE, image);
  const mayPromote = await headersOf(
    'releaser',
    `repository:${STABLE}:promote`,
    `repository:${CANDIDATE}:pull`,
  );
  const wanted = { source: `${CANDIDATE}:1`, target: `${STABLE}:1`, waitMirrors: 2, waitTimeoutMs: READY_MS };
  const answer = await send(releaseUrl, '/api/v1/promotions', {
    method: 'POST',
    headers: { ...mayPromote, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(wanted)),
  });
  expect(answer.body.toString()).to.include('"promoted"');
}

/** Whether a node itself knows that both mirrors are up and have everything. */
async function knowsMirrors({ debugUrl }: TestRegistry, head: number): Promise<boolean> {
  const metrics = await (await fetch(`${debugUrl}/metrics`)).text();
  const is = (metric: string, mirror: string, value: number) =>
    new RegExp(`^${metric}\\{[^}]*mirror="${mirror}"[^}]*\\} ${value}$`, 'm').test(metrics);
  return ['alpha', 'beta'].every(
    (name) => is('roadstead_mirror_up', name, 1) && is('roadstead_mirror_watermark', name, head),
  );
}

function decisionsOf(node: TestRegistry, sinceMs: number): Decided[] {
  return node.log().flatMap(({ time, digest, decision, reason }) => {
    const atMs = Date.parse(String(time));
    const isOne = decision !== undefined && reason !== 'small' && atMs >= sinceMs;
    if (!isOne) return [];
    return [{ atMs, digest: String(digest), decision: String(decision), reason: String(reason) }];
  });
}

/** As clients do, and gives up soon. */
async function read(url: string, headers: Record<string, string>): Promise<void> {
  const signal = AbortSignal.timeout(2000);
  await fetch(url, { headers, signal })
    .then((response) => response.arrayBuffer())
    .catch(() => undefined);
}
