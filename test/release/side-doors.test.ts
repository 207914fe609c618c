/**
 * Promise: what is stable cannot be changed through a side door. A promotion names what it attaches in its target, replaces
 * nothing that another promotion put there unless asked by name, and carries only what belongs to the promoted image.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import type { AuditEntry } from '../../services/registry/audit/entry.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { COMPLETE } from '../../services/registry/oci/manifest-rules.ts';
import { parseImageName, parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { parseRepositoryPattern } from '../../services/registry/oci/repository-pattern.ts';
import { planPromotion } from '../../services/registry/publishing/promotion/plan.ts';
import { promote as promoteByLibrary } from '../../services/registry/publishing/promotion/promote.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { pushBlob, pushImage, pushIndex, pushManifest } from '../protocol/pushing.ts';
import { jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { type Descriptor, EMPTY_CONFIG, Image } from '../support/image.ts';
import { NOBODY } from '../support/library-pushes.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { type PromotionLine, promote, waitingPromotion } from './promoting.ts';

const SBOM = 'application/spdx+json';

describe('what a promotion attaches in its target', function () {
  this.timeout(30_000);
  let registry: TestRegistry;
  let directory: Awaited<ReturnType<typeof tempDir>>;
  before(async () => {
    // Nobody serves it: a promotion that waits for it never ends.
    const url = `http://127.0.0.1:${await freePort()}`;
    directory = await tempDir('mirror');
    const mirrors = [{ name: 'gone', url, sameoperator: true, write: { directory: directory.path } }];
    registry = await startRegistry({
      mirrors,
      config: (config) => ({ ...config, audit: { enabled: true } }),
    });
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  async function pushArtifact(
    name: string,
    reference: string | undefined,
    subject?: Descriptor,
  ): Promise<Descriptor> {
    const layers = [await pushBlob(registry.url, name, newBytes(), SBOM)];
    await pushBlob(registry.url, name, EMPTY_CONFIG.bytes);
    const artifact = new Image({
      ...{ artifactType: SBOM, config: EMPTY_CONFIG, layers },
      ...(subject && { subject }),
    });
    await pushManifest(registry.url, name, artifact, reference);
    return artifact;
  }

  /** Gives another repository an image by its digest, as every client can that may pull it. */
  async function copy(image: Image, from: string, to: string): Promise<void> {
    for (const { digest } of [image.config, ...image.layers]) {
      const mount = `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`;
      expect((await send(registry.url, mount, { method: 'POST' })).status).to.equal(201);
    }
    await pushManifest(registry.url, to, image, undefined);
  }

  const sigOf = ({ digest }: Descriptor) => `${digest.replace(':', '-')}.sig`;
  const named = async (name: string, reference: string) =>
    (await send(registry.url, `/v2/${name}/manifests/${reference}`)).headers['docker-content-digest'];
  const referrers = async (name: string, { digest }: Descriptor) =>
    (
      jsonOf(await send(registry.url, `/v2/${name}/referrers/${digest}`)) as {
        manifests: { digest: string }[];
      }
    ).manifests.map((each) => each.digest);
  const plannedIn = ([line]: readonly PromotionLine[]) =>
    line?.event === 'planned' ? line : expect.fail(JSON.stringify(line));
  const refusalIn = (lines: readonly PromotionLine[]) => {
    const line = lines.at(-1);
    return line?.event === 'failed' ? line.error : expect.fail(JSON.stringify(line));
  };
  const outcomeOf = (lines: readonly PromotionLine[]) => {
    const line = lines.at(-1);
    return line?.event === 'done' ? line.outcome : expect.fail(JSON.stringify(line));
  };

  /** Promotes a signed image, then has a builder list it in an index with a signature and an SBOM of their own. */
  async function attacked(name: string) {
    const stable = await pushImage(registry.url, `candidate/${name}`, '1');
    const signature = await pushArtifact(`candidate/${name}`, sigOf(stable));
    await promote(registry.url, `candidate/${name}:1`, `${name}:1`);
    const evil = `candidate/evil-${name}`;
    await copy(stable, name, evil);
    const own = await pushImage(registry.url, evil, 'own');
    const index = await pushIndex(registry.url, evil, '2', [stable, own]);
    const forged = await pushArtifact(evil, sigOf(stable));
    const sbom = await pushArtifact(evil, undefined, stable);
    return { stable, signature, evil, own, index, forged, sbom };
  }

  it('is nothing that belongs to what another image shares with it; that is named as left out', async () => {
    const { stable, signature, evil, own, index, forged, sbom } = await attacked('a');
    const ownSignature = await pushArtifact(evil, sigOf(own));
    for (const dryRun of [true, false]) {
      const { lines } = await promote(registry.url, `${evil}:2`, 'a:2', { dryRun });
      const { attached, leftOut } = plannedIn(lines);
      expect(attached).to.deep.equal([
        { subject: own.digest, tag: sigOf(own), digest: ownSignature.digest, state: 'added' },
      ]);
      expect(leftOut).to.deep.equal([
        { subject: stable.digest, tag: sigOf(stable), digest: forged.digest },
        { subject: stable.digest, digest: sbom.digest },
      ]);
      expect(outcomeOf(lines)).to.equal(dryRun ? 'dry-run' : 'promoted');
    }
    expect(await named('a', '2')).to.equal(index.digest);
    expect(await named('a', sigOf(own))).to.equal(ownSignature.digest);
    expect(await named('a', sigOf(stable)), 'the signature of what is stable').to.equal(signature.digest);
    expect(await referrers('a', stable)).to.deep.equal([]);
    expect(await named('a', forged.digest)).to.equal(undefined);
    const again = await promote(registry.url, `${evil}:2`, 'a:2');
    expect(outcomeOf(again.lines)).to.equal('already-there');
  });

  it('replaces nothing, not even where its subject is named, unless each tag is named', async () => {
    const { stable, signature, evil, forged, sbom } = await attacked('b');
    const attachTo = [stable.digest];
    const tag = sigOf(stable);
    for (const more of [{ dryRun: true }, {}, { replaceAttached: ['another'] }]) {
      const { lines } = await promote(registry.url, `${evil}:2`, 'b:2', { attachTo, ...more });
      expect(lines.map(({ event }) => event)).to.deep.equal(['planned', 'failed']);
      const replaced = { subject: stable.digest, tag, digest: forged.digest, state: 'replaced' };
      expect(plannedIn(lines).attached).to.deep.equal([
        { ...replaced, previousDigest: signature.digest },
        { subject: stable.digest, digest: sbom.digest, artifactType: SBOM, state: 'added' },
      ]);
      const { code, message } = refusalIn(lines);
      expect(code).to.equal('DENIED');
      expect(message).to.include(`--replace-attached ${tag}`);
    }
    expect(await named('b', '2')).to.equal(undefined);
    expect(await named('b', tag)).to.equal(signature.digest);
    expect(await referrers('b', stable)).to.deep.equal([]);
    const asked = { attachTo, replaceAttached: [tag] };
    expect(outcomeOf((await promote(registry.url, `${evil}:2`, 'b:2', asked)).lines)).to.equal('promoted');
    expect(await named('b', tag)).to.equal(forged.digest);
    expect(await referrers('b', stable)).to.deep.equal([sbom.digest]);
    const repeated = await promote(registry.url, `${evil}:2`, 'b:2', asked);
    expect(outcomeOf(repeated.lines)).to.equal('already-there');
  });

  it('is no replacement when the image itself is promoted again', async () => {
    const { stable, signature, evil } = await attacked('c');
    const { lines } = await promote(registry.url, `${evil}@${stable.digest}`, 'c:3');
    expect(refusalIn(lines).code).to.equal('DENIED');
    expect(await named('c', '3')).to.equal(undefined);
    expect(await named('c', sigOf(stable))).to.equal(signature.digest);
  });

  for (const [how, place] of [
    ['an index lists', 'child'],
    ['is promoted', 'top'],
  ] as const)
    it(`is refused if it is a referrer of another image that ${how}`, async () => {
      const name = `d-${place}`;
      const { stable, evil } = await attacked(name);
      const config = await pushBlob(registry.url, evil, newBytes(50));
      const referrer = new Image({ config, layers: [], subject: stable });
      await pushManifest(registry.url, evil, referrer, 'referrer');
      if (place === 'child') await pushIndex(registry.url, evil, 'index', [referrer]);
      const source = `${evil}:${place === 'child' ? 'index' : 'referrer'}`;
      const { lines } = await promote(registry.url, source, `${name}:3`);
      expect(refusalIn(lines).message).to.include(`--attach-to ${stable.digest}`);
      expect(await referrers(name, stable)).to.deep.equal([]);
      const asked = await promote(registry.url, source, `${name}:3`, { attachTo: [stable.digest] });
      expect(outcomeOf(asked.lines)).to.equal('promoted');
      expect(await referrers(name, stable)).to.include(referrer.digest);
    });

  it('is nothing of an older image with the same layer that is promoted again', async () => {
    const layer = newBytes(60_000);
    const older = await pushImage(registry.url, 'candidate/base', '1', [layer]);
    const newer = await pushImage(registry.url, 'candidate/base', '2', [layer]);
    await promote(registry.url, 'candidate/base:1', 'base:1');
    await promote(registry.url, 'candidate/base:2', 'base:2');
    const attack = await pushArtifact('candidate/base', sigOf(older), newer);
    const { lines } = await promote(registry.url, 'candidate/base:1', 'base:1');
    expect(refusalIn(lines).message).to.include(`--attach-to ${newer.digest}`);
    expect(await referrers('base', newer)).to.not.include(attack.digest);
  });

  it('is judged by what the image made public where nothing is recorded, as by older versions', async () => {
    const { stable, evil, forged, sbom } = await attacked('unrecorded');
    const repositories = join(registry.rootDirectory, 'docker/registry/v2/repositories');
    await rm(join(repositories, 'unrecorded/_roadstead/brought'), { recursive: true });
    const { lines } = await promote(registry.url, `${evil}:2`, 'unrecorded:2', { dryRun: true });
    expect(plannedIn(lines).leftOut?.map(({ digest }) => digest)).to.have.members([
      forged.digest,
      sbom.digest,
    ]);
    const late = await pushArtifact('candidate/unrecorded', undefined, stable);
    await promote(registry.url, 'candidate/unrecorded:1', 'unrecorded:1');
    expect(await referrers('unrecorded', stable)).to.deep.equal([late.digest]);
  });

  it('is added later, too, to every platform of the image that is promoted again', async () => {
    const children = [
      await pushImage(registry.url, 'candidate/e', 'amd64'),
      await pushImage(registry.url, 'candidate/e', 'arm64'),
    ];
    await pushIndex(registry.url, 'candidate/e', '1', children);
    await promote(registry.url, 'candidate/e:1', 'e:1');
    const [child] = children as [Image, Image];
    const signature = await pushArtifact('candidate/e', sigOf(child));
    const sbom = await pushArtifact('candidate/e', undefined, child);
    const { lines } = await promote(registry.url, 'candidate/e:1', 'e:1');
    expect(plannedIn(lines)).not.to.have.property('leftOut');
    expect(outcomeOf(lines)).to.equal('promoted');
    expect(await named('e', sigOf(child))).to.equal(signature.digest);
    expect(await referrers('e', child)).to.deep.equal([sbom.digest]);
    const again = await promote(registry.url, 'candidate/e:1', 'e:1');
    expect(plannedIn(again.lines).attached?.map(({ state }) => state)).to.deep.equal(['kept', 'kept']);
    expect(outcomeOf(again.lines)).to.equal('already-there');
  });

  it('goes along when a promotion that was interrupted is done again', async () => {
    const child = await pushImage(registry.url, 'candidate/g', 'amd64');
    await pushIndex(registry.url, 'candidate/g', '1', [child]);
    const signature = await pushArtifact('candidate/g', sigOf(child));
    const waiting = { waitMirrors: 1, waitTimeoutMs: 0 };
    const { lines } = await promote(registry.url, 'candidate/g:1', 'g:1', waiting);
    expect(refusalIn(lines).code).to.equal('UNAVAILABLE');
    expect(await named('g', child.digest), 'it was linked').to.equal(child.digest);
    expect(await named('g', sigOf(child))).to.equal(undefined);
    const again = await promote(registry.url, 'candidate/g:1', 'g:1');
    expect(plannedIn(again.lines)).not.to.have.property('leftOut');
    expect(outcomeOf(again.lines)).to.equal('promoted');
    expect(await named('g', sigOf(child))).to.equal(signature.digest);
  });

  /** A promotion by a process that dies once it has linked the image: nothing of it is public yet. */
  async function dieLinked(source: string, target: string): Promise<void> {
    await using store = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
    const content = withPublications(contentOf(store));
    const stable = parseRepositoryPattern(target) ?? expect.fail(target);
    const policy = { candidates: [], stable: [stable], manifests: COMPLETE };
    const plan = await planPromotion(content, policy, {
      source: parseImageName(source),
      target: { repository: parseRepositoryName(target), tag: parseTag('1') },
    });
    const parts = { content, board: { states: [] }, changes: new MemoryChanges() };
    const { signal } = new AbortController();
    const options = { actor: 'x', waitMirrors: 0, waitTimeoutMs: 0, signal };
    for await (const { event } of promoteByLibrary(parts, NOBODY, plan, options)) {
      expect(event).to.equal('linked');
      return;
    }
  }

  for (const [what, interrupt] of [
    ['it died before anything became public', dieLinked],
    [
      'all of its blobs were public before',
      async (source: string, target: string) => {
        await promote(registry.url, source, `${target}-first:1`);
        const waiting = await waitingPromotion(registry.url, source, `${target}:1`, { waitMirrors: 1 });
        waiting.leave();
        await waiting.ended;
      },
    ],
  ] as const)
    it(`goes along when an interrupted promotion is done again, also if ${what}`, async () => {
      const name = interrupt === dieLinked ? 'i' : 'j';
      const child = await pushImage(registry.url, `candidate/${name}`, 'amd64');
      await pushIndex(registry.url, `candidate/${name}`, '1', [child]);
      const signature = await pushArtifact(`candidate/${name}`, sigOf(child));
      const sbom = await pushArtifact(`candidate/${name}`, undefined, child);
      await interrupt(`candidate/${name}:1`, name);
      expect(await named(name, child.digest), 'it was linked').to.equal(child.digest);
      expect(await named(name, sigOf(child))).to.equal(undefined);
      // Another image that lists it attaches nothing to it.
      const evil = `candidate/evil-${name}`;
      await copy(child, `candidate/${name}`, evil);
      await pushIndex(registry.url, evil, '2', [child, await pushImage(registry.url, evil, 'own')]);
      const forged = await pushArtifact(evil, sigOf(child));
      const others = await promote(registry.url, `${evil}:2`, `${name}:2`);
      expect(plannedIn(others.lines).leftOut).to.deep.equal([
        { subject: child.digest, tag: sigOf(child), digest: forged.digest },
      ]);
      const again = await promote(registry.url, `candidate/${name}:1`, `${name}:1`);
      expect(plannedIn(again.lines)).not.to.have.property('leftOut');
      expect(outcomeOf(again.lines)).to.equal('promoted');
      expect(await named(name, sigOf(child))).to.equal(signature.digest);
      expect(await referrers(name, child)).to.deep.equal([sbom.digest]);
      const checked = await registry.offline(['check', '--repository', name]);
      expect(checked.stdout).not.to.include('stray');
    });

  it('is shown and asked for by the command, whose options take one value each', async () => {
    const { stable, evil, forged } = await attacked('h');
    const dryRun = await registry.cli(['promote', '--dry-run', `${evil}:2`, 'h:2']);
    expect(dryRun.stdout).to.include(
      `leaves out ${sigOf(stable)} (${forged.digest}): --attach-to ${stable.digest}`,
    );
    const attach = ['promote', '--attach-to', stable.digest];
    const refused = await registry.cli([...attach, `${evil}:2`, 'h:2'], { allowFailure: true });
    expect(refused.stdout).to.include(`replaces ${sigOf(stable)} (${forged.digest}) instead of sha256:`);
    expect(refused.stderr).to.include(`--replace-attached ${sigOf(stable)}`);
    await registry.cli([...attach, '--replace-attached', sigOf(stable), `${evil}:2`, 'h:2']);
    expect(await named('h', sigOf(stable))).to.equal(forged.digest);
  });

  it('is in the audit record: what is added, and what is replaced', async () => {
    const image = await pushImage(registry.url, 'candidate/f', '1');
    const first = await pushArtifact('candidate/f', sigOf(image));
    await promote(registry.url, 'candidate/f:1', 'f:1');
    const second = await pushArtifact('candidate/f', sigOf(image));
    const sbom = await pushArtifact('candidate/f', undefined, image);
    const { lines } = await promote(registry.url, 'candidate/f:1', 'f:1', {
      replaceAttached: [sigOf(image)],
    });
    expect(outcomeOf(lines)).to.equal('promoted');
    const { stdout } = await registry.offline(['audit', '--json', '--repository', 'f']);
    const entries = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEntry);
    const attached = entries.map(({ action, details }) => [action, details?.['attached']]);
    const again = [
      `replaced ${sigOf(image)} ${second.digest} instead of ${first.digest}`,
      `added ${sbom.digest} to ${image.digest} (${SBOM})`,
    ];
    const before = [`added ${sigOf(image)} ${first.digest}`];
    expect(attached).to.deep.equal([
      ['promotion.tag', again],
      ['promotion.publish', again],
      ['promotion.tag', before],
      ['promotion.publish', before],
    ]);
  });
});
