/**
 * Promise: whatever is broken in repositories and blobs is found, as what it is, where it is, and nothing else is.
 */
import { expect } from 'chai';
import { blobPath, layerLink, revisionLink, tagLinks } from '../protocol/on-disk.ts';
import { requires } from '../support/requirements.ts';
import { flipByte, lengthen, lose, overwrite, pathOfDigest, repositoryRoot } from './breaking.ts';
import { check, copyOf, distributionStore, type MadeStore, ownStore } from './stores.ts';

/** A way to break a store: answers with the findings to come, each as `kind key`. */
type Break = (store: MadeStore) => Promise<readonly string[]>;

const first = <T>(items: readonly T[]): T => {
  if (items[0] === undefined) throw new Error('there is none');
  return items[0];
};
/** Of an image that no tag names, and that was not promoted. */
const layerOf = ({ held }: MadeStore) => first(held.earlier.layers).digest;
const currentOf = ({ held }: MadeStore, tag: string) => first(tagLinks(held.repository, tag, []));

const BREAKS: Readonly<Record<string, Break>> = {
  "a layer's bytes are gone": async (store) => {
    await lose(store, blobPath(layerOf(store)));
    return [`layer-without-data ${blobPath(layerOf(store))}`];
  },
  "a layer's link is empty": async (store) => {
    const link = layerLink(store.held.repository, layerOf(store));
    await overwrite(store, link, '');
    return [`link-malformed ${link}`];
  },
  "a layer's link names another blob": async (store) => {
    const link = layerLink(store.held.repository, layerOf(store));
    await overwrite(store, link, store.held.earlier.config.digest);
    return [`link-elsewhere ${link}`];
  },
  "a layer's link is gone": async (store) => {
    const link = layerLink(store.held.repository, layerOf(store));
    await lose(store, link);
    return [`blob-not-linked ${link}`];
  },
  'a layer is longer than its manifest says': async (store) => {
    await lengthen(store, blobPath(layerOf(store)));
    return [`size-differs ${blobPath(layerOf(store))}`];
  },
  'a blob that no manifest names has lost its bytes': async (store) => {
    const { repository, second } = store.held;
    await lose(store, blobPath(second.sha256));
    return [`layer-link-unused ${layerLink(repository, second.sha256)}`];
  },
  'a second name is left over': async (store) => {
    const { repository, second } = store.held;
    await lose(store, layerLink(repository, second.sha256));
    return [`second-name-stale ${repositoryRoot(store)}/_layers/${pathOfDigest(second.sha512)}/link`];
  },
  "a manifest's link holds something else": async (store) => {
    const { repository, earlier } = store.held;
    const link = revisionLink(repository, earlier.digest);
    await overwrite(store, link, 'sha256:abc');
    return [`link-malformed ${link}`];
  },
  "a manifest's bytes are gone": async (store) => {
    const link = revisionLink(store.held.repository, store.held.earlier.digest);
    await lose(store, blobPath(store.held.earlier.digest));
    return [`revision-without-data ${link}`];
  },
  'a manifest is no JSON': async (store) => {
    // Its digest is right: only the link makes it a manifest.
    const { repository, second } = store.held;
    const link = revisionLink(repository, second.sha256);
    await overwrite(store, link, second.sha256);
    return [`manifest-unreadable ${blobPath(second.sha256)}`];
  },
  "a manifest's bytes are damaged": async (store) => {
    const data = blobPath(store.held.earlier.digest);
    await flipByte(store, data, store.held.earlier.size - 20);
    return [`manifest-damaged ${data}`];
  },
  'the manifest that a tag names is gone': async (store) => {
    const { repository, index } = store.held;
    await lose(store, revisionLink(repository, index.digest));
    return [`tag-dangling ${currentOf(store, 'multi')}`];
  },
  "an index's image is gone": async (store) => {
    const { repository, children, index } = store.held;
    await lose(store, revisionLink(repository, first(children).digest));
    return [`child-missing ${revisionLink(repository, index.digest)}`];
  },
  'a tag is empty': async (store) => {
    await overwrite(store, currentOf(store, 'multi'), '');
    return [`link-malformed ${currentOf(store, 'multi')}`];
  },
  'a tag names what never was': async (store) => {
    await overwrite(store, currentOf(store, 'multi'), `sha256:${'0'.repeat(64)}`);
    return [`tag-dangling ${currentOf(store, 'multi')}`];
  },
  'a tag has only a history': async (store) => {
    await lose(store, currentOf(store, 'multi'));
    return [`tag-without-current ${currentOf(store, 'multi')}`];
  },
  "an entry of a tag's history holds nothing": async (store) => {
    const { repository, earlier } = store.held;
    const entry = tagLinks(repository, '1', [earlier.digest])[1] ?? '';
    await overwrite(store, entry, '');
    return [`history-malformed ${entry}`];
  },
  'strangers lie about': async (store) => {
    const strays = [
      `${repositoryRoot(store)}/_layers/sha256/ab/link`,
      `${repositoryRoot(store)}/_manifests/tags/-/current/link`,
      `${repositoryRoot(store)}/_manifests/tags/multi/notes.txt`,
      `${repositoryRoot(store)}/_manifests/revisions/sha256/README`,
      blobPath(layerOf(store)).replace('/data', '/data.bak'),
      'docker/registry/v2/repositories/Upper/thing',
    ];
    for (const stray of strays) await overwrite(store, stray, 'x');
    return strays.map((stray) => `stray ${stray}`);
  },
  'writes broke off': async (store) => {
    const link = layerLink(store.held.repository, layerOf(store));
    const leftovers = [link, currentOf(store, 'multi'), blobPath(layerOf(store))].map(
      (key) => `${key}.${crypto.randomUUID()}.tmp`,
    );
    for (const leftover of leftovers) await overwrite(store, leftover, '');
    return leftovers.map((leftover) => `leftover ${leftover}`);
  },
  'uploads are young, old, and without a beginning': async (store) => {
    const upload = (id: string) => `${repositoryRoot(store)}/_uploads/${id}/`;
    const [young, old, unknown, odd] = [1, 2, 3, 4].map((n) =>
      upload(`0000000${n}${crypto.randomUUID().slice(8)}`),
    );
    const daysAgo = (days: number) =>
      `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 19)}Z`;
    await overwrite(store, `${young}startedat`, daysAgo(6.9));
    await overwrite(store, `${old}startedat`, daysAgo(7.1));
    await overwrite(store, `${old}hashstates/sha256/0`, 'x');
    await overwrite(store, `${unknown}data`, 'bytes');
    await overwrite(store, `${odd}startedat`, daysAgo(1));
    await overwrite(store, `${odd}notes`, '');
    return [
      `upload-under-way ${young}`,
      `upload-forgotten ${old}`,
      `upload-start-unknown ${unknown}`,
      `stray ${odd}notes`,
      `upload-under-way ${odd}`,
    ];
  },
};

for (const [maker, make, programs] of [
  ['Roadstead', ownStore, []],
  ['docker-registry', distributionStore, ['docker-registry']],
] as const)
  requires(programs)(`in a store that ${maker} made, a check finds exactly what is broken when`, () => {
    let sound: MadeStore;
    let usual: string[];
    before(async () => {
      sound = await make();
      usual = await told(sound);
    });
    after(() => sound[Symbol.asyncDispose]());

    for (const [title, doBreak] of Object.entries(BREAKS))
      it(title, async () => {
        await using store = await copyOf(sound);
        const expected = await doBreak(store);
        const found = (await told(store)).filter((each) => !usual.includes(each));
        expect(found).to.deep.equal([...expected].sort());
      });
  });

/** Findings as `kind key`; how much is garbage is not the question. */
async function told(store: MadeStore): Promise<string[]> {
  const findings = (await check(store.path)).filter(({ kind }) => kind !== 'blobs-unreferenced');
  return findings.map(({ kind, key }) => `${kind} ${key}`).sort();
}
