/**
 * Promise: nothing is done at the same time for each entry of a list that a client wrote: every such call has a
 * `concurrency`, or a list that is short for a reason that is written here.
 */
import { expect } from 'chai';
import { unboundedCalls } from './parallel.ts';
import { filesOf, textOf } from './source.ts';

/** Why a list is short, and the calls that act on such lists: file and beginning of the call. */
const SHORT_LISTS: Readonly<Record<string, readonly string[]>> = {
  'what the configuration names: files, authorities, endpoints, mirrors, ports': [
    'services/accounts/agent.ts Promise.all(rootCas.map(',
    'services/cli/commands/notifications.ts Promise.all(endpoints.map(',
    'services/http/access/tokens/followed-files.ts Promise.all(files.map(',
    'services/http/access/tokens/trusted-keys.ts Promise.all(all.map(',
    'services/http/client-tls.ts Promise.all(paths.map(',
    'services/http/client-tls.ts Promise.all(rootCas.map(',
    "services/http/tls.ts Promise.all([ readNamed(fileOf(options, 'certificate'))",
    'services/redis/options.ts Promise.all(tls.rootCas.map(',
    'services/registry/notifications/notifier.ts Promise.all(this.#outboxes.map(',
    'services/registry/notifications/notifier.ts Promise.allSettled(writes',
    'services/http/metrics.ts Promise.all([...this.#readings].map(',
    'services/serve/serve.ts Promise.all(listeners.map(',
    'services/sync/notify/start.ts Promise.all([...workers.values()].map(',
    'services/sync/mirrors/examine.ts Promise.all(rootcas.map(',
    'services/serve/reload/file-prints.ts Promise.all( files.map(',
    'services/sync/demo-mirrors.ts Promise.all(closed.map(',
    'services/sync/demo-mirrors.ts Promise.all([...this.#ports.values()].map(',
    'services/sync/start.ts Promise.all(steps.map(',
    'services/sync/mirrors/report.ts Promise.all( mirrors.map(',
  ],
  'what a constant bounds: threads, parts under way, a batch, tiers of the login guard, boards, looks': [
    'services/accounts/htpasswd/hasher.ts Promise.all([...this.#all].map(',
    'services/redis/attempts.ts Promise.all([this.#count(key), this.#gate(key)].map(',
    'services/registry/access/login-guard/account-turns.ts Promise.race(before.map(',
    'services/registry/access/login-guard/sliding-count.ts Promise.all(parts',
    'services/registry/access/login-guard/strangers-budget.ts Promise.all(points.map(',
    'services/registry/check/check.ts Promise.all( repositoryPrefixes(name).map(',
    'services/registry/content/manifests.ts Promise.all( repositoryPrefixes(name).map(',
    'services/registry/content/referrers.ts pMap(some, ',
    'services/registry/content/turns/turn-lines.ts Promise.allSettled(all.map(carryOut)',
    'services/registry/garbage/published-blobs.ts Promise.all(keys.map(',
    'services/registry/publishing/promotion/image.ts pMap(attachedTags(subject), ',
    'services/registry/publishing/mirrors/mirror-states.ts Promise.all( due.map(',
    'services/stores/each.ts Promise.allSettled(underWay',
    'services/stores/s3/write.ts Promise.all(sending',
    'services/stores/s3/write.ts Promise.race(sending',
    'services/stores/swift/body.ts Promise.race([this.#coming, ...stalled]',
    'services/sync/duties.ts Promise.allSettled(duties',
    'services/sync/mirrors/doubt.ts Promise.all([ publicSide.readAtOnce(blob, signal), ',
    'services/sync/mirrors/probes.ts Promise.all( blobs.map(',
    'services/sync/mirrors/workers.ts Promise.all(this.#boards.map(',
    'services/sync/mirrors/workers.ts Promise.all(this.#polls.map(',
    'services/sync/targets/directory-work.ts Promise.all([...writings.values()].map(',
    'services/sync/targets/webdav-incoming.ts Promise.allSettled(writes',
    'services/sync/transfer/spool.ts Promise.all(this.#closing',
  ],
};

const FOUND = filesOf('services/**/*.ts').flatMap((path) =>
  unboundedCalls(textOf(path)).map(({ text }) => `${path} ${text}`),
);
const EXCUSED = Object.values(SHORT_LISTS).flat();

describe('work for each entry of a list', () => {
  it('is bounded, or has a list that is short for a reason', () => {
    expect(FOUND.filter((call) => !EXCUSED.some((excuse) => call.startsWith(excuse)))).to.deep.equal([]);
  });

  it('has no reason that no call needs any more', () => {
    expect(EXCUSED.filter((excuse) => !FOUND.some((call) => call.startsWith(excuse)))).to.deep.equal([]);
  });

  for (const [source, count] of [
    ['await Promise.all(layers.map((layer) => stat(layer)))', 1],
    ['await Promise.allSettled(\n  [...layers].map(stat),\n)', 1],
    ['await Promise.all([first(), ...layers.map(stat)])', 1],
    ['await pMap(layers, (layer) => stat(layer))', 1],
    ['await pMap(layers, stat, { concurrency: 16 })', 0],
    ['await Promise.all([first(), second()])', 0],
    ['await Promise.all(PLACES.map(stat))', 0],
    ['await Promise.all([from, to].map(stat))', 0],
    ['// Promise.all(layers.map(stat))', 0],
  ] as const)
    it(`is seen in ${JSON.stringify(source)} ${count === 0 ? 'as bounded' : 'as unbounded'}`, () => {
      expect(unboundedCalls(source)).to.have.length(count);
    });
});
