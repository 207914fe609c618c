/**
 * Promise: an operator sees which blobs a mirror lacks and why, by the API and by the command; clients that may not pull a
 * blob do not learn its digest there.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { RouteContext } from '../../services/http/context.ts';
import { grantsBy } from '../../services/registry/access/grants.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import type { MirrorState } from '../../services/registry/publishing/mirrors/mirror-states.ts';
import {
  type PublishingContent,
  withPublications,
} from '../../services/registry/publishing/publishing-content.ts';
import { getExplanation } from '../../services/release/explain.ts';
import type { LackedBlob } from '../../services/release/mirror-words.ts';
import { getMirrors, getStatus } from '../../services/release/mirrors.ts';
import { ExplainBody, MirrorsBody, StatusBody } from '../../services/release/schemas.ts';
import type { ReleaseService } from '../../services/release/service.ts';
import { CLI } from '../support/cli.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { run } from '../support/process.ts';

const FULL = 'PUT was answered with 507: its disk is full';
const LATER = '2024-05-01T10:00:00.000Z';
const digest = (n: number) => digestOf(Buffer.from(`blob ${n}`));
const lacked = (n: number, seq: number): LackedBlob => ({
  ...{ digest: digest(n), sizeBytes: 1_000_000, seq, reason: FULL, retryAt: LATER },
});

const EVERYONE = grantsBy(() => ({ isAllowed: true, rule: undefined }));
const OUTSIDER = grantsBy((wanted) => ({
  isAllowed: wanted.type === 'repository' && wanted.name.startsWith('open/'),
  rule: undefined,
}));

/** A store whose reads of publications are counted. */
class CountingStore extends MemoryStore {
  reads = 0;
  override async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    this.reads++;
    return await super.read(key, limitBytes);
  }
}

describe('a mirror that lacks blobs', () => {
  const store = new CountingStore();
  let content: PublishingContent;
  before(async () => {
    content = withPublications(contentOf(store));
    for (const [i, repository] of ['open/a', 'private/b', ...Array(60).fill('open/c')].entries())
      await content.log.append(
        {
          ...{ actor: 'rita', kind: 'promotion', manifestDigest: digest(0) },
          source: { repository: 'candidate/x', reference: '1' },
          target: { repository, tag: '1' },
        },
        [{ digest: digest(i + 1), sizeBytes: 1_000_000 }],
      );
  });

  const stateOf = (missing: readonly LackedBlob[], more: object = {}): MirrorState => {
    const health = { state: 'up', since: LATER };
    return {
      mirror: { name: 'south' as MirrorName, url: 'https://south.example.net', weight: 1, netblocks: [] },
      ...{ watermark: 62, healthy: true, reason: undefined },
      missing: new Set(missing.map((blob) => blob.digest)),
      ledger: { watermark: 62, missing, health, beatAt: LATER, ...more },
      // The ledger's shape is that of the sync worker; only what is shown of it is written here.
    } as unknown as MirrorState;
  };
  async function ask(handler: typeof getMirrors, states: readonly MirrorState[], principal = EVERYONE) {
    const service = {
      ...{ content, board: { states }, version: '1' },
      ...{ problems: () => [], writes: { trouble: async () => undefined } },
    } as unknown as ReleaseService;
    const ctx = { state: { principal } } as unknown as RouteContext;
    await handler(service, ctx);
    return ctx.body;
  }
  const mirrorsFor = async (states: readonly MirrorState[], principal = EVERYONE) =>
    MirrorsBody.parse(await ask(getMirrors, states, principal)).mirrors;

  it('is shown with what it lacks and why', async () => {
    const [mirror] = await mirrorsFor([
      stateOf([lacked(1, 1)], { warnings: ['its certificate ends in 6 days'] }),
    ]);
    expect(mirror).to.deep.include({
      ...{ watermark: 62, lag: 0, missing: 1, warnings: ['its certificate ends in 6 days'] },
      lacks: [{ digest: digest(1), sizeBytes: 1_000_000, seq: 1, reason: FULL, retryAt: LATER }],
    });
    expect(mirror?.notes).to.have.length(2);
    expect(mirror?.notes[0]).to.match(
      /^mirror south lacks 1 blob \(1\.0 MB\): sha256:[0-9a-f]{12}… \(1\.0 MB, publ/,
    );
  });

  it('shows no digest to clients that may not pull the blob, in any field', async () => {
    const state = stateOf([lacked(1, 1), lacked(2, 2)], { trouble: `${digest(2)} is answered with 403` });
    const hidden = { ...state, healthy: false, reason: `${digest(2)} is answered with 404` };
    const text = JSON.stringify([
      await ask(getMirrors, [hidden], OUTSIDER),
      await ask(getStatus, [hidden], OUTSIDER),
    ]);
    expect(text).to.include(digest(1)).and.to.not.include(digest(2));
    const [mirror] = await mirrorsFor([hidden], OUTSIDER);
    expect(mirror?.lacks.map(({ digest: shown, seq }) => [shown, seq])).to.deep.equal([
      ...[
        [digest(1), 1],
        [undefined, 2],
      ],
    ]);
  });

  it('is named with 20 blobs at most, and costs a bounded number of reads', async () => {
    const many = Array.from({ length: 62 }, (_, i) => lacked(i + 1, i + 1));
    const states = Array.from({ length: 8 }, (_, i) =>
      stateOf([...many.slice(i * 7), ...many.slice(0, i * 7)]),
    );
    store.reads = 0;
    const mirrors = await mirrorsFor(states);
    for (const { missing, lacks } of mirrors) expect([missing, lacks.length]).to.deep.equal([62, 20]);
    expect(store.reads).to.be.within(50, 52);
  });

  it('makes the status degraded, in one short problem', async () => {
    const { status, problems } = StatusBody.parse(
      await ask(getStatus, [stateOf([lacked(1, 1), lacked(2, 2)])]),
    );
    expect({ status, problems }).to.deep.equal({
      status: 'degraded',
      problems: [`mirror south lacks 2 blobs (2.0 MB): ${FULL}`],
    });
  });

  it('is shown with how far it was looked through, and the publications that it had', async () => {
    const looked = { ...stateOf([], { confirmed: 12 }), watermark: 12 };
    const [mirror] = await mirrorsFor([looked]);
    expect(mirror).to.deep.include({ watermark: 62, confirmed: 12, lag: 0 });
    expect(mirror?.notes).to.deep.equal([
      'mirror south is being looked through after an absence: clients are sent there for publications up to 12 of 62',
    ]);
    expect(StatusBody.parse(await ask(getStatus, [looked])).status).to.equal('ok');
  });

  it('is explained with the reason, and one that is looked through with how far', async () => {
    const explained = async (state: MirrorState) => {
      const stat = async () => ({ digest: digest(30), sizeBytes: 1_000_000 });
      const service = {
        ...{ content: { ...content, blobs: { stat } }, board: { states: [state] }, redirects: true },
      } as unknown as ReleaseService;
      const querystring = `repository=open/c&digest=${digest(30)}`;
      const ctx = { querystring, req: {} } as unknown as RouteContext;
      await getExplanation(service, ctx);
      return ExplainBody.parse(ctx.body).mirrors[0];
    };
    expect(await explained(stateOf([lacked(30, 30)]))).to.deep.equal({
      ...{ name: 'south', obstacle: 'missing', detail: `${FULL}; tried again at ${LATER}` },
    });
    expect(await explained({ ...stateOf([], { confirmed: 12 }), watermark: 12 })).to.deep.equal({
      ...{ name: 'south', obstacle: 'behind' },
      detail: 'looked through up to publication 12 after an absence, publication 30',
    });
  });

  it('is printed by roadstead mirrors below the table', async () => {
    const body = await ask(getMirrors, [stateOf([lacked(1, 1)], { trouble: 'its lease is lost' })]);
    const server = createServer((_, response) => response.end(JSON.stringify(body)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { stdout } = await run(process.execPath, [...CLI, 'mirrors', '--server', url]);
      const lines = stdout.trimEnd().split('\n');
      expect(lines[1]).to.match(/^south +up +62 +0 +1 +https:\/\/south\.example\.net/);
      expect(lines.slice(2)).to.deep.equal([
        `mirror south lacks 1 blob (1.0 MB): ${digest(1).slice(0, 19)}… (1.0 MB, publication 1): ${FULL}; tried again at ${LATER}`,
        'mirror south cannot be published to: its lease is lost',
      ]);
    } finally {
      server.close();
    }
  });
});
