import { type Mutant, mutantsOf } from '../mutant.ts';

const WORK = 'services/sync/mirrors';
const KNOWN = 'services/registry/publishing/mirrors';
const damage = { tests: ['test/sync/damage.test.ts'] };
const watching = { tests: ['test/sync/watching.test.ts'] };
const publishing = { tests: ['test/sync/catch-up.test.ts'] };
const judging = { tests: ['test/sync/health-judge.test.ts'] };
const pacing = { tests: ['test/sync/pace.test.ts'] };
const crawling = { tests: ['test/unit/crawl-judgement.test.ts'] };
const states = { tests: ['test/unit/mirror-states.test.ts'] };
const leases = { tests: ['test/unit/lease.test.ts'], grep: 'another worker takes over' };

/** What is believed of a mirror, by its worker and by nodes, and when that ends. */
export const OF_MIRRORS: readonly Mutant[] = [
  ...mutantsOf(`${WORK}/board-keeper.ts`, { ...watching, grep: 'and was paused' }, [
    [
      'that health which was not looked at is unknown',
      'Number.NEGATIVE_INFINITY) > LOOK_GOOD_MS;',
      'Number.NEGATIVE_INFINITY) > 1e12;',
    ],
    [
      'that health is judged again after a write that took long',
      'while ([...this.#ledgers.keys()].some((name) => this.#isOutdated(name)));',
      'while (this.#lastVersion < 0);',
    ],
  ]),
  ...mutantsOf(`${WORK}/probes.ts`, { ...watching, grep: 'newest' }, [
    [
      'that a worker begins with the newest entries',
      'if (this.#looks === 0) return newestHeldBlobs(this.#session);',
      '',
      '22 of 26',
    ],
  ]),
  ...mutantsOf(`${WORK}/held-blobs.ts`, { tests: ['test/sync/held-blobs.test.ts'] }, [
    ['that samples go where the bytes are', '    left -= sizeBytes;', '    left -= 1e9;'],
  ]),
  ...mutantsOf('services/mirrors/public-read.ts', { tests: ['test/sync/public-read.test.ts'] }, [
    ['that a part is read to its end', 'if (readBytes >= sizeBytes)', 'if (readBytes > 0)'],
  ]),
  ...mutantsOf('services/api/pull/asked-range.ts', { tests: ['test/unit/client-key.test.ts'] }, [
    ['that a range to behind the end resumes', 'Number(last) >= sizeBytes', 'Number(last) > 1e12'],
  ]),
  ...mutantsOf(`${WORK}/give.ts`, publishing, [
    [
      'that a refused blob holds nothing up',
      "if (published.kind === 'refused') {",
      "if (published.kind === 'refused') return { kind: 'paused', reason: published.reason, retryAfterMs: 0 };\n    if (published.kind === 'refused') {",
    ],
    ['that a blob which arrived is no longer missing', 'session.holds(blob.digest);', ''],
  ]),
  ...mutantsOf(`${WORK}/catch-up.ts`, publishing, [
    [
      'that what has arrived is not asked for again',
      'blobs.filter(({ digest }) => !settled.has(digest)),',
      'blobs,',
    ],
    [
      'that a watermark counts whole entries',
      'if (settled.size === blobs.length) break;',
      'if (settled.size > 0) break;',
    ],
  ]),
  ...mutantsOf(`${WORK}/crawl.ts`, { ...damage, grep: 'is crawled' }, [
    [
      'that clients are sent there for what was passed',
      'if (isHeldBack() && !session.crawlIsDue) session.update({ confirmed: seq });',
      '',
    ],
    ['that a crawl continues where it was', 'let seq = (session.ledger.confirmed ?? 0) + 1;', 'let seq = 1;'],
  ]),
  ...mutantsOf(`${WORK}/found-lost.ts`, damage, [
    [
      'that a mirror of bad blobs is not believed',
      'count * 2 >= sample.length',
      'count > sample.length',
      'half of a sample',
    ],
    ['that one bad blob is one bad blob', 'count > 0 && ', 'count >= 0 || ', 'only that blob'],
  ]),
  ...mutantsOf(`${WORK}/doubt.ts`, { ...damage, grep: 'doubt' }, [
    [
      'that only what is held can be doubted',
      'const isHeld = seq <= this.#session.ledger.watermark && !this.#session.isMissing(digest);',
      'const isHeld = seq > 0;',
    ],
    ['that a doubt is cleared', 'else this.#clear(blob.digest);', ''],
    [
      'that a doubt is a read of the whole',
      'publicSide.readAtOnce(blob, signal),',
      'publicSide.probe(blob, signal),',
    ],
  ]),
  ...mutantsOf(`${WORK}/health-judge.ts`, judging, [
    [
      'that the first failure counts',
      'if (this.#isUp && !isGood) this.#fall();',
      'if (this.#isUp && this.#goodLooks < 0) this.#fall();',
    ],
    ['that a mirror waits longer each time', 'base * 2 ** Math.max(0, this.#falls - 1)', 'base'],
    ['that falls are forgiven', 'if (this.#now() - this.#changedAt > FORGIVEN_MS) this.#falls = 0;', ''],
    ['what is flapping', 'this.#isFlapping() ? FLAPPING_LOOKS : GOOD_LOOKS', 'GOOD_LOOKS'],
  ]),
  ...mutantsOf(`${WORK}/pace.ts`, pacing, [
    [
      'that a mirror is left alone as it asks',
      'this.#nextAt = Math.max(this.#nextAt, this.#now() + pauseMs);',
      '',
    ],
    [
      'that a mirror which refuses few requests is not excused',
      'if (this.#isBusy) this.#excusedUntil',
      'this.#excusedUntil',
    ],
    ['that the pace rises again', 'const RAISED = 1.2;', 'const RAISED = 0.9;'],
    [
      'that the pace is limited',
      'this.#nextAt = Number.isFinite(this.#perS) ? at + 1000 / this.#perS : this.#nextAt;',
      '',
    ],
  ]),
  ...mutantsOf(`${WORK}/crawl-judgement.ts`, crawling, [
    ['that a long absence calls for a crawl', "if (wasLongAway) return this.#wish('before-use');", ''],
    [
      'that a worker which saw nobody crawls',
      'this.#isUnsure = seenAt === undefined;',
      'this.#isUnsure = false;',
    ],
  ]),
  ...mutantsOf(`${KNOWN}/mirror-states.ts`, states, [
    [
      'that what was verified belongs to a URL',
      'if (ledger.place.url !== mirror.url)',
      "if (ledger.place.url === '')",
    ],
    ['that a live worker vouches', 'const reason = !isVouched(movedAt)', 'const reason = movedAt > 1e15'],
    [
      'what is confirmed',
      'Math.min(ledger.watermark, ledger.confirmed ?? ledger.watermark)',
      'ledger.watermark',
    ],
  ]),
  ...mutantsOf(`${KNOWN}/board-reader.ts`, states, [
    [
      'that the first heartbeat is no sign of life',
      'this.#movedAt = isFirst ? Number.NEGATIVE_INFINITY : this.#now();',
      'this.#movedAt = this.#now();',
    ],
    [
      'that a long set is read once',
      'stored.missingVersion !== undefined && known?.version === version',
      'known !== undefined && known.version === undefined',
    ],
  ]),
  ...mutantsOf(`${KNOWN}/ledger.ts`, leases, [
    [
      'that a mirror which has moved starts at nothing',
      'if (previous === undefined || !isSamePlace(previous.place, place))',
      'if (previous === undefined)',
    ],
  ]),
];
