/**
 * Promise: whatever is broken in what only Roadstead keeps (the publication log, publication numbers, records of
 * referrers, second names of manifests, the switch of writes) is found, as what it is, and nothing else is.
 */
import { utimes } from 'node:fs/promises';
import { expect } from 'chai';
import {
  BOARD_WANTED_KEY,
  boardPrefix,
  mirrorDoubtsKey,
  missingSetKey,
  missingSetVersion,
  olderLedgerPrefix,
} from '../../services/registry/storage/layout.ts';
import { blobPath, filesBelow } from '../protocol/on-disk.ts';
import { flipByte, lose, overwrite, pathOfDigest, repositoryRoot, textOf } from './breaking.ts';
import { check, copyOf, faults, fileOf, type MadeStore, ownStore } from './stores.ts';

type Break = (store: MadeStore) => Promise<readonly string[]>;

const ENTRY = (seq: number) => `roadstead/publications/${String(seq).padStart(12, '0')}.json`;
const configOf = ({ held }: MadeStore) => held.image.config.digest;
const numberOf = (digest: string) => {
  const path = pathOfDigest(digest);
  return `roadstead/published/default/sha256/${path.slice(7, 9)}/${path.slice(7)}`;
};
const recordOf = (store: MadeStore, by: string) =>
  `${repositoryRoot(store)}/_roadstead/referrers/${pathOfDigest(store.held.image.digest)}/${pathOfDigest(by)}`;

const BREAKS: Readonly<Record<string, Break>> = {
  'an entry of the log is gone': async (store) => {
    await lose(store, ENTRY(1));
    return [`error publication-gap ${ENTRY(1)}`];
  },
  'an entry of the log is half an entry': async (store) => {
    await overwrite(store, ENTRY(1), (await textOf(store, ENTRY(1))).slice(0, 100));
    return [`error publication-unreadable ${ENTRY(1)}`];
  },
  'an entry has the number of another one': async (store) => {
    await overwrite(store, ENTRY(1), await textOf(store, ENTRY(2)));
    // Its blobs' numbers cannot be told wrong or right.
    return [`error publication-unreadable ${ENTRY(1)}`];
  },
  'the last entry is gone': async (store) => {
    const { collections } = JSON.parse(await textOf(store, ENTRY(2))) as {
      collections: { default: { digest: string }[] };
    };
    await lose(store, ENTRY(2));
    return collections.default.map(({ digest }) => `error number-without-entry ${numberOf(digest)}`);
  },
  'a published blob is gone': async (store) => {
    await lose(store, blobPath(configOf(store)));
    return [
      `error published-without-data ${ENTRY(1)}`,
      // In the candidate's repository and in the stable one.
      ...[1, 2].map(() => `error layer-without-data ${blobPath(configOf(store))}`),
    ];
  },
  'a published blob has no number': async (store) => {
    await lose(store, numberOf(configOf(store)));
    return [`warning number-missing ${numberOf(configOf(store))}`];
  },
  'a published blob has the number of another entry': async (store) => {
    await overwrite(store, numberOf(configOf(store)), '2');
    return [`error number-wrong ${numberOf(configOf(store))}`];
  },
  'a published blob has no number but a word': async (store) => {
    await overwrite(store, numberOf(configOf(store)), 'one');
    return [`error number-wrong ${numberOf(configOf(store))}`];
  },
  'a blob that no entry published has a number': async (store) => {
    await overwrite(store, numberOf(store.held.second.sha256), '1');
    return [`error number-without-entry ${numberOf(store.held.second.sha256)}`];
  },
  "a referrer's record is no record": async (store) => {
    const record = recordOf(store, store.held.artifact.digest);
    await overwrite(store, record, '{"mediaType":1}');
    return [`error referrer-malformed ${record}`];
  },
  "a referrer's record is gone": async (store) => {
    await lose(store, recordOf(store, store.held.artifact.digest));
    const link = `${repositoryRoot(store)}/_manifests/revisions/${pathOfDigest(store.held.artifact.digest)}/link`;
    return [`info referrer-unrecorded ${link}`];
  },
  'a manifest is recorded as a referrer of what it does not name': async (store) => {
    const record = recordOf(store, store.held.earlier.digest);
    await overwrite(store, record, await textOf(store, recordOf(store, store.held.artifact.digest)));
    return [`warning referrer-elsewhere ${record}`];
  },
  'a recorded referrer is gone': async (store) => {
    const { digest } = store.held.artifact;
    await lose(store, `${repositoryRoot(store)}/_manifests/revisions/${pathOfDigest(digest)}/link`);
    return [`info referrer-stale ${recordOf(store, digest)}`];
  },
  "a manifest's second name leads elsewhere": async (store) => {
    const link = await secondNameOf(store);
    await overwrite(store, link, store.held.earlier.digest);
    return [`error link-elsewhere ${link}`];
  },
  'the switch of writes is broken': async (store) => {
    await overwrite(store, 'roadstead/read-only.json', '{');
    return ['error notice-malformed roadstead/read-only.json'];
  },
  'the switch of writes was left on': async (store) => {
    const notice = { since: new Date().toISOString(), by: 'me', reason: 'garbage collection' };
    await overwrite(store, 'roadstead/read-only.json', JSON.stringify(notice));
    return ['info writes-off roadstead/read-only.json'];
  },
  'a key of tokens is broken': async (store) => {
    await overwrite(store, 'roadstead/keys/0000000001.json', '{"version":1}');
    return ['error token-key-unreadable roadstead/keys/0000000001.json'];
  },
  'a credential is broken': async (store) => {
    await overwrite(store, 'roadstead/credentials/robot/robot_2bci/0000000001.json', '{"version":1}');
    return ['error credential-unreadable roadstead/credentials/robot/robot_2bci/0000000001.json'];
  },
  'killed processes left their writes': async (store) => {
    await overwrite(store, 'roadstead/.tmp/young', 'half');
    await overwrite(store, 'roadstead/.tmp/old', 'half');
    await overwrite(store, `roadstead/.tmp/claim-${'0'.repeat(64)}/old`, 'whole');
    const dayBefore = new Date(Date.now() - 25 * 3_600_000);
    for (const name of ['old', `claim-${'0'.repeat(64)}`])
      await utimes(fileOf(store, `roadstead/.tmp/${name}`), dayBefore, dayBefore);
    return ['warning temporary-files-old roadstead/.tmp', 'info temporary-files roadstead/.tmp'];
  },
  'nothing is, and a node has stored its doubts about mirrors': async (store) => {
    await overwrite(store, mirrorDoubtsKey(crypto.randomUUID()), '{"version":1,"doubts":[]}');
    return [];
  },
  'nothing is, and sync workers of this version and of an earlier one have looked after mirrors': async (
    store,
  ) => {
    const kept = [
      ...[`${boardPrefix(2)}0000000012.json`, BOARD_WANTED_KEY],
      ...[missingSetKey('north', missingSetVersion(12, 3)), `${olderLedgerPrefix('north')}0000000012.json`],
    ];
    for (const key of kept) await overwrite(store, key, '{"version":1}');
    return [];
  },
  'strangers lie about': async (store) => {
    const strays = [
      'docker/registry/v2/notes.txt',
      'roadstead/notes.txt',
      'roadstead/boards/1/1.json',
      'roadstead/boards/x/0000000001.json',
      'roadstead/boards/missing/north/0000000001.json',
      'roadstead/credentials/robot/x.json',
      'roadstead/keys/1.json',
      'roadstead/mirrors/x/ledger.json',
      'roadstead/mirrors/_doubts/x.json',
      'roadstead/publications/1.json',
      'roadstead/published/default/sha256/00/x',
      `roadstead/publishers/default/sha256/00/${'0'.repeat(64)}/A/_`,
      'roadstead/publishers/x',
      `${repositoryRoot(store)}/_roadstead/referrers/x`,
    ];
    for (const stray of strays) await overwrite(store, stray, 'x');
    return strays.map((stray) => `warning stray ${stray}`);
  },
};

describe("in Roadstead's own records, a check finds exactly what is broken when", () => {
  let sound: MadeStore;
  before(async () => {
    sound = await ownStore();
  });
  after(() => sound[Symbol.asyncDispose]());

  for (const [title, doBreak] of Object.entries(BREAKS))
    it(title, async () => {
      await using store = await copyOf(sound);
      const expected = await doBreak(store);
      expect(await told(store)).to.deep.equal([...expected].sort());
    });

  it('one byte of a layer differs, when it is asked to read to the last byte, and not before', async () => {
    await using store = await copyOf(sound);
    const data = blobPath(store.held.image.layers[1]?.digest ?? '');
    await flipByte(store, data, 150_000);
    expect(await told(store)).to.deep.equal([]);
    const { digest } = store.held.image.layers[1] ?? { digest: '' };
    const found = faults(await check(store.path, { deep: true }));
    expect(found.map(({ kind, key }) => `${kind} ${key}`)).to.deep.equal([`blob-damaged ${data}`]);
    expect(found[0]?.digest).to.equal(digest);
    // A part of the store, too, is read to its last byte.
    const some = faults(await check(store.path, { deep: true, repositories: ['app'] }));
    expect(some.map(({ kind, key }) => `${kind} ${key}`)).to.deep.equal([`blob-damaged ${data}`]);
  });

  it("a blob's second name leads elsewhere, when it is asked to read to the last byte", async () => {
    await using store = await copyOf(sound);
    const link = `${repositoryRoot(store)}/_layers/${pathOfDigest(store.held.second.sha512)}/link`;
    await overwrite(store, link, configOf(store));
    const found = faults(await check(store.path, { deep: true }));
    expect(found.map(({ kind, key }) => `${kind} ${key}`)).to.deep.equal([`link-elsewhere ${link}`]);
  });

  it('a sparse index lacks what the configuration lets it lack: that is no fault', async () => {
    await using store = await copyOf(sound);
    const child = store.held.children[0]?.digest ?? '';
    await lose(store, `${repositoryRoot(store)}/_manifests/revisions/${pathOfDigest(child)}/link`);
    const kinds = async (indexes: 'all' | 'none') =>
      (await check(store.path, { rules: { indexes, urls: { allow: [], deny: [] } } })).map(
        ({ kind }) => kind,
      );
    expect(await kinds('all'))
      .to.include('child-missing')
      .and.not.include('child-absent');
    expect(await kinds('none'))
      .to.include('child-absent')
      .and.not.include('child-missing');
  });
});

/** The only manifest that was pushed by SHA-512. */
async function secondNameOf(store: MadeStore): Promise<string> {
  const links = (await filesBelow(store.path)).filter((file) => file.includes('/revisions/sha512/'));
  const [link] = links.filter((file) => file.includes(store.held.repository));
  return link ?? '';
}

async function told(store: MadeStore): Promise<string[]> {
  const findings = (await check(store.path)).filter(({ kind }) => kind !== 'blobs-unreferenced');
  return findings.map(({ severity, kind, key }) => `${severity} ${kind} ${key}`).sort();
}
