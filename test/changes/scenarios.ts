import { newCounts } from '../../services/registry/garbage/online/context.ts';
import { collectOnce } from '../../services/registry/garbage/online/cycle.ts';
import type { Manifest } from '../../services/registry/oci/manifest.ts';
import type { Tag } from '../../services/registry/oci/names.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { type Actor, everyOrder, type Hands, type Limits } from '../garbage/interleaving.ts';
import type { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import type { Client } from './client.ts';
import { type NodeMaker, nodeOf } from './node.ts';
import {
  expectLastPromotion,
  FIRST,
  NAME,
  OTHER_TAG,
  OWN,
  type Person,
  PLACE,
  planOf,
  SECOND,
  storeWith,
  TAG,
  THIRD,
  worldOf,
} from './world.ts';

/** Changes of one repository at the same time. */
export interface Scenario {
  readonly title: string;
  readonly base: () => MemoryStore | Promise<MemoryStore>;
  /** Made for each run. */
  readonly people: () => readonly Person[];
  readonly others?: () => readonly Actor[];
  readonly limits: Limits;
  readonly makeNode?: NodeMaker;
  /** What else is so at rest. */
  readonly atEnd?: (store: MemoryStore) => void;
}

type Act = (client: Client) => Promise<void>;

const PAIRS: Limits = { switches: 3 };
/** Collections make many requests. */
const LONG: Limits = { switches: 1 };
/** None is outwaited after it wrote its ticket: its tag would be left to the repair. */
const SOON: Limits = { switches: 1 };
const MORE: Limits = { switches: 2 };
const CROWDS: Limits = { switches: 2 };
const LATE: Limits = { switches: 1, late: true };
const TWO_DEATHS: Limits = { switches: 0, late: true, faults: 2 };
/** Three at once make more requests. */
const LATE_SHARED: Limits = { switches: 0, late: true };
/** Promotions make more requests, so by day fewer switches have to do. */
const IS_NIGHTLY = process.env['NIGHTLY'] === '1';
const PROMOTION_PAIRS: Limits = IS_NIGHTLY ? PAIRS : MORE;
const WATCHED_PROMOTIONS: Limits = IS_NIGHTLY ? MORE : SOON;
const LATE_PROMOTIONS: Limits = { switches: 0, late: true };

const put =
  (manifest = SECOND, ...tags: readonly Tag[]): Act =>
  (client) =>
    client.put(NAME, manifest, tags.length > 0 ? tags : [TAG]);
const putIfFirst =
  (manifest: Manifest): Act =>
  (client) =>
    client.put(NAME, manifest, [TAG], FIRST);
const putDigest =
  (manifest = FIRST): Act =>
  (client) =>
    client.put(NAME, manifest);
const deleteTag: Act = (client) => client.deleteTag(PLACE);
const deleteDigest =
  (manifest = FIRST): Act =>
  (client) =>
    client.deleteManifest(NAME, manifest);
const promote =
  (manifest = SECOND): Act =>
  (client) =>
    client.promote(planOf(manifest));
const promoteAndUndo: Act = async (client) => {
  await client.promote(planOf(SECOND));
  await client.promote(planOf(FIRST));
};
const look: Act = async (client) => {
  await client.look(PLACE);
  await client.look(PLACE);
};

/** A node does for several clients at once. */
const together =
  (...acts: readonly Act[]): Act =>
  async (client) =>
    void (await Promise.all(acts.map((act) => act(client))));
/** The second and the third share a turn: the first has one while they line up. */
const threePuts = together(put(SECOND), put(FIRST, OTHER_TAG), put(THIRD));

const DAY_MS = 24 * 3_600_000;

function collect(objects: ObjectStore, days: number) {
  return collectOnce({
    objects,
    settings: { graceMs: 0, quarantineMs: DAY_MS, deleteUntagged: true },
    signal: new AbortController().signal,
    dryRun: false,
    mayChange: async () => undefined,
    fence: OPEN_FENCE,
    settle: async () => undefined,
    now: () => days * DAY_MS,
    wallNow: () => days * DAY_MS,
    counts: newCounts(),
  });
}

/** What no tag names is in quarantine, and due. */
async function due(tagged?: Manifest): Promise<MemoryStore> {
  const store = storeWith([FIRST, SECOND], tagged);
  await collect(store, 0);
  return store;
}

const collector = (): Actor => ({
  name: 'collector',
  act: async ({ objects }) => void (await collect(objects, 2)),
});

const WITH_COLLECTOR = { base: () => due(), others: () => [collector()] };

/** Puts what nothing names into quarantine, and deletes it two days later. */
const patientCollector = (): Actor => ({
  name: 'collector',
  act: async ({ objects }) => {
    await collect(objects, 0);
    await collect(objects, 2);
  },
});

/** A node is paused in a request; the load balancer sends it to another node, whose answer the client gets. */
function paused(begin: (client: Client, gone: AbortSignal) => () => void, again: Act): Scenario['people'] {
  return () => {
    const gone = new AbortController();
    let answered: (() => void) | undefined;
    const onPaused: Act = async (client) => {
      answered = begin(client, gone.signal);
    };
    const onOther: Act = async (client) => {
      client.atNextStep(() => gone.abort());
      await again(client);
      answered?.();
      await client.put(NAME, THIRD, [TAG]);
    };
    return [
      { name: 'paused', act: onPaused },
      { name: 'other', act: onOther },
    ];
  };
}

/** Collected between any two requests of a node that is slow. */
const WITH_SLOW_NODE = {
  base: () => storeWith([FIRST, OWN], FIRST),
  others: () => [patientCollector()],
  makeNode: (hands: Hands) => nodeOf(hands, { isSlow: true }),
};

const one =
  (a: Act): Scenario['people'] =>
  () => [{ name: 'a', act: a }];
const both =
  (a: Act, b: Act, mayDie = false): Scenario['people'] =>
  () => [
    { name: 'a', act: a, mayDie },
    { name: 'b', act: b },
  ];
const three =
  (a: Act, b: Act, c: Act): Scenario['people'] =>
  () => [...both(a, b)(), { name: 'c', act: c }];
const mortals =
  (a: Act, b: Act): Scenario['people'] =>
  () =>
    both(a, b)().map((person) => ({ ...person, mayDie: true }));
const watched = (a: Act, b: Act): Scenario['people'] => three(a, b, look);

const scenario = (title: string, people: Scenario['people'], limits = PAIRS): Scenario => ({
  ...{ title, people, limits },
  base: () => storeWith([FIRST, SECOND], FIRST),
});

const PUSHES: readonly Scenario[] = [
  scenario('a tag is put, its manifest deleted by digest', both(put(FIRST, OTHER_TAG), deleteDigest())),
  scenario('two tags are put, their manifest deleted', both(put(FIRST, TAG, OTHER_TAG), deleteDigest())),
  scenario('a manifest is put and deleted by digest', both(putDigest(), deleteDigest())),
  scenario('one tag is put and deleted', both(put(), deleteTag)),
  scenario('one tag is put to two manifests', watched(put(SECOND), put(THIRD)), MORE),
  scenario(
    'one tag is put to two manifests if it names a third',
    both(putIfFirst(SECOND), putIfFirst(THIRD)),
  ),
  scenario('one tag is put if it names a third, and put to it', both(putIfFirst(SECOND), put(FIRST))),
  scenario('a tag and its manifest are deleted', both(deleteTag, deleteDigest())),
  scenario('a tag is put by two and deleted', three(put(FIRST), put(SECOND), deleteTag), CROWDS),
  scenario(
    'a tag is put, and deleted by name and by digest',
    three(put(FIRST), deleteDigest(), deleteTag),
    CROWDS,
  ),
];

const PROMOTED: readonly Scenario[] = [
  scenario(
    'two promotions of one tag, beside a reader',
    watched(promote(SECOND), promote(FIRST)),
    WATCHED_PROMOTIONS,
  ),
  {
    ...scenario('two promotions of one tag', both(promote(SECOND), promote(FIRST)), SOON),
    atEnd: expectLastPromotion,
  },
  scenario('a promotion, and its undo', both(promote(SECOND), promoteAndUndo), MORE),
  scenario('a push, and a promotion that is undone', both(put(THIRD), promoteAndUndo), MORE),
  scenario('a promotion, and its tag is deleted', both(promote(SECOND), deleteTag), PROMOTION_PAIRS),
  scenario(
    'a promotion, and its manifest is deleted',
    both(promote(SECOND), deleteDigest(SECOND)),
    PROMOTION_PAIRS,
  ),
  scenario('two promotions, of which one dies', both(promote(SECOND), promote(FIRST), true), LATE_PROMOTIONS),
  scenario('two promotions; late writes', both(promote(SECOND), promote(FIRST)), LATE_PROMOTIONS),
];

const LATE_WRITES: readonly Scenario[] = [
  scenario('one tag is put to two manifests; late writes', both(put(SECOND), put(THIRD)), LATE),
  scenario(
    'one tag is put to two manifests if it names a third; late writes',
    both(putIfFirst(SECOND), putIfFirst(THIRD)),
    LATE,
  ),
  scenario('one tag is put and deleted; late writes', both(put(SECOND), deleteTag), LATE),
  scenario(
    'a tag is put, its manifest deleted; late writes',
    both(put(FIRST, OTHER_TAG), deleteDigest()),
    LATE,
  ),
  scenario('one tag is put to two manifests, and one dies', both(put(SECOND), put(THIRD), true), LATE),
  scenario('one tag is put to two manifests, and both die', mortals(put(SECOND), put(THIRD)), TWO_DEATHS),
  scenario('one tag is put and deleted, and who deletes it dies', both(deleteTag, put(SECOND), true), LATE),
  scenario(
    'a tag is put, and who deletes its manifest dies',
    both(deleteDigest(), put(FIRST, OTHER_TAG), true),
    LATE,
  ),
  scenario(
    'a paused node puts a tag that was put again, and moved on',
    paused((client, gone) => client.putForNobody(PLACE, SECOND, gone), put(SECOND)),
    PAIRS,
  ),
  scenario(
    'a paused node deletes a tag that was deleted again, and put',
    paused((client, gone) => client.deleteTagForNobody(PLACE, gone), deleteTag),
    PAIRS,
  ),
];

const SHARED: readonly Scenario[] = [
  scenario(
    'a node puts three at once, of which a manifest is deleted',
    both(threePuts, deleteDigest()),
    MORE,
  ),
  scenario('a node puts three at once, of which a tag is deleted', both(threePuts, deleteTag), MORE),
  scenario(
    'a node puts one tag to two manifests at once if it names a third',
    both(together(put(FIRST, OTHER_TAG), putIfFirst(SECOND), putIfFirst(THIRD)), putDigest()),
    LONG,
  ),
  scenario(
    'a node puts three at once, of which a manifest is deleted; late writes',
    both(threePuts, deleteDigest()),
    LATE_SHARED,
  ),
  scenario(
    'a node puts three at once and dies, and a manifest is deleted',
    both(threePuts, deleteDigest(), true),
    LATE_SHARED,
  ),
];

const COLLECTED: readonly Scenario[] = [
  { ...scenario('a manifest that is being collected is put', one(put(FIRST)), MORE), ...WITH_COLLECTOR },
  {
    ...scenario('a manifest that is being collected is promoted', one(promote(FIRST)), MORE),
    ...WITH_COLLECTOR,
  },
  {
    ...scenario('a tag is put to what is being collected, and deleted', both(put(FIRST), deleteTag), LONG),
    ...WITH_COLLECTOR,
    base: () => due(SECOND),
  },
  {
    ...scenario('a manifest is collected while it is put', one(put(OWN)), MORE),
    ...WITH_SLOW_NODE,
  },
  { ...scenario('a manifest is collected while it is promoted', one(promote(OWN)), LONG), ...WITH_SLOW_NODE },
];

/** Two at a time, in all pairs that can be at odds; then with a reader or a third one, late writes, deaths and pauses. */
export const SCENARIOS: readonly Scenario[] = [
  ...PUSHES,
  ...PROMOTED,
  ...LATE_WRITES,
  ...SHARED,
  ...COLLECTED,
];

/** Explores a scenario; answers how many orders there were. */
export async function explore({ base, people, others, limits, ...rest }: Scenario): Promise<number> {
  const store = await base();
  return everyOrder(limits, () => worldOf(store, people(), { ...rest, others: others?.() }));
}
