import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { makePair, replacePair } from '../http/certificates.ts';
import { pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import type { Cause } from './cause.ts';
import { asked, heal, refused, repeatedly } from './faults.ts';

/** The first round: most alerts, since none of these causes disturbs another. */
export const FIRST: readonly Cause[] = [
  {
    what: 'the store takes its time to say where a tag points',
    alerts: ['RoadsteadPullsSlow'],
    async make({ cluster: { store } }) {
      store.api.rule = (request) =>
        asked('GET', '/_manifests/tags/')(request) ? { kind: 'delay', ms: 900 } : undefined;
      return () => heal(store.api);
    },
  },
  {
    what: 'the store refuses a node everything',
    alerts: ['RoadsteadStoreUnavailable'],
    async make({ cluster: { store } }) {
      store.second.rule = () => refused;
      return () => heal(store.second);
    },
  },
  {
    what: 'the collector of garbage may not list the store',
    alerts: ['RoadsteadGarbageCollectionFails', 'RoadsteadGarbageCollectionOld'],
    async make({ cluster: { store } }) {
      store.sync.rule = (request) => (asked('GET', 'prefix=docker/registry')(request) ? refused : undefined);
      return () => heal(store.sync);
    },
  },
  {
    what: 'wrong passwords, again and again',
    alerts: ['RoadsteadLoginsFail'],
    async make({ cluster: { tokenUrl } }) {
      const authorization = `Basic ${Buffer.from('builder:a wrong one').toString('base64')}`;
      return repeatedly(50, () =>
        fetch(`${tokenUrl}/auth/token?service=registry.test`, { headers: { authorization } }),
      );
    },
  },
  {
    what: 'a receiver of notifications that fails, and more events than its queue holds',
    alerts: ['RoadsteadNotificationsWait', 'RoadsteadNotificationsDead'],
    async make({ cluster: { receiver, apiUrl, sync }, prometheus }) {
      receiver.answer(() => 503);
      for (let i = 0; i < 10; i++) await pushImage(apiUrl, 'candidate/notified', `tag-${i}`);
      return async () => {
        receiver.answer(() => 200);
        // Those that do not fit into the queue stay, until it is shorter.
        const areSent = async () => {
          await sync.cli('notifications', '--retry-dead', 'builds');
          return (await prometheus.query('max(roadstead_notifications_dead_letters) == 0')).length > 0;
        };
        await eventually('the dead letters are sent', areSent, 120_000, 1000);
      };
    },
  },
  {
    what: 'Redis is killed',
    alerts: ['RoadsteadRedisDown'],
    async make({ cluster: { redis } }) {
      await redis.signal('SIGKILL');
      return () => redis.start();
    },
  },
  {
    what: 'a process that gets too little of the processor',
    alerts: ['RoadsteadEventLoopBusy'],
    async make({ cluster: { token } }) {
      const end = repeatedly(120, async () => {
        token.signal('SIGSTOP');
        await sleep(380);
        token.signal('SIGCONT');
      });
      return end;
    },
  },
  {
    what: 'mirrors that take no blobs, and have lost one',
    alerts: ['RoadsteadMirrorBehind', 'RoadsteadMirrorMissesBlobs', 'RoadsteadMirrorsUnused'],
    async make({ cluster: { dav, mirrors }, prometheus, released, release, traffic }) {
      // A blob that is refused for what it is counts as missing; one that never gets an answer keeps a mirror behind.
      const [refuses, hangs] = dav;
      refuses.rule = ({ method }) => (method === 'PUT' ? { kind: 'answer', status: 422 } : undefined);
      hangs.rule = ({ method }) => (method === 'PUT' ? { kind: 'stall' } : undefined);
      const before = traffic.wanted;
      const { image } = await release('unwritten');
      const [lost] = released.layers;
      for (const { root } of mirrors) if (lost) await rm(join(root, blobDataKey(lost.digest as never)));
      const blobs = image.layers.map(({ digest }) => digest);
      const misses = async () =>
        (await prometheus.query('max(roadstead_mirror_missing_blobs{mirror="m1"}) > 0')).length > 0;
      await eventually('the first mirror misses blobs', misses, 60_000, 250);
      // A refused blob is tried again after ever longer pauses, of up to an hour; after a lost connection, soon.
      refuses.rule = ({ method }) => (method === 'PUT' ? { kind: 'reset' } : undefined);
      // In between, so that there are some at any time.
      traffic.wanted = before.flatMap((each) => [each, { name: 'stable/app', tag: 'unwritten', blobs }]);
      return () => {
        traffic.wanted = before;
        heal(...dav);
      };
    },
  },
  {
    what: 'a disk fills up',
    alerts: ['RoadsteadDiskNearlyFull'],
    async make({ disk }) {
      await writeFile(join(disk, 'full'), newBytes(1_000_000));
      return () => rm(join(disk, 'full'));
    },
  },
  {
    what: 'a certificate is about to expire',
    alerts: ['RoadsteadCertificateExpires', 'RoadsteadCertificateExpiresSoon'],
    async make({ cluster: { home, pair, authority } }) {
      const issued = (name: string, seconds: number) =>
        makePair(home, {
          name,
          by: authority,
          isAuthority: false,
          to: new Date(Date.now() + seconds * 1000),
        });
      await replacePair(pair, await issued('short', 34));
      return async () => replacePair(pair, await issued('renewed', 30 * 86_400));
    },
  },
];
