import { PutObjectCommand } from '@aws-sdk/client-s3';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import type { Cause } from './cause.ts';
import { asked, connections, heal, refused, repeatedly } from './faults.ts';

const SECOND: readonly Cause[] = [
  {
    what: 'the store fails at every pull',
    alerts: ['RoadsteadPullErrors', 'RoadsteadPullErrorsSlow'],
    async make({ cluster: { store } }) {
      store.api.rule = () => refused;
      return () => heal(store.api);
    },
  },
  {
    what: 'the store refuses writes',
    alerts: ['RoadsteadWritesFail'],
    async make({ cluster: { store } }) {
      store.second.rule = ({ method }) => (method === 'PUT' ? refused : undefined);
      return () => heal(store.second);
    },
  },
  {
    what: 'the audit record cannot be written',
    alerts: ['RoadsteadAuditRecordFails', 'RoadsteadPromotionsFail'],
    async make({ cluster: { store, releaseUrl } }) {
      store.release.rule = (request) => (asked('PUT', '/roadstead/audit/')(request) ? refused : undefined);
      const end = repeatedly(1000, () =>
        fetch(`${releaseUrl}/api/v1/promotions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ source: 'candidate/app:first', target: 'stable/other:first' }),
        }).then((answer) => answer.text()),
      );
      return async () => {
        await end();
        heal(store.release);
      };
    },
  },
  {
    what: 'a mirror stops',
    alerts: ['RoadsteadMirrorDown'],
    async make({ cluster: { mirrors } }) {
      await mirrors[1].stop();
      return () => mirrors[1].start();
    },
  },
  {
    what: 'the token service is killed',
    alerts: ['RoadsteadTokenServiceDown', 'RoadsteadProcessDown'],
    async make({ cluster: { token } }) {
      await token.stop('SIGKILL');
      return () => token.start();
    },
  },
];

const THIRD: readonly Cause[] = [
  {
    what: 'both mirrors stop',
    alerts: ['RoadsteadAllMirrorsDown'],
    async make({ cluster: { mirrors } }) {
      for (const mirror of mirrors) await mirror.stop();
      return async () => {
        for (const mirror of mirrors) await mirror.start();
      };
    },
  },
  {
    what: 'bytes in the store change',
    alerts: ['RoadsteadDamagedContent'],
    async make({ cluster: { apiUrl, radosgw, bucket } }) {
      const { config } = await pushImage(apiUrl, 'candidate/damaged', 'first');
      const key = blobDataKey(config.digest as never);
      await radosgw.client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: newBytes(config.size) }),
      );
      const url = `${apiUrl}/v2/candidate/damaged/blobs/${config.digest}`;
      return repeatedly(500, () => fetch(url).then((answer) => answer.text()));
    },
  },
  {
    what: 'a process is killed and started, again and again',
    alerts: ['RoadsteadRestarts'],
    // In between, it is up for long enough to be scraped.
    make: async ({ cluster: { token } }) =>
      repeatedly(2500, async () => {
        await token.stop('SIGKILL');
        await token.start();
      }),
  },
  {
    what: 'more connections than a node has room for',
    alerts: ['RoadsteadClientsRefused', 'RoadsteadFilesRunOut'],
    async make({ cluster: { second, secondPort } }) {
      const ends = [connections(secondPort, 60), connections(second.debugPort, 60)];
      return () => {
        for (const end of ends) end();
      };
    },
  },
  {
    what: 'an operator leaves the registry read-only',
    alerts: ['RoadsteadReadOnly'],
    async make({ cluster: { release } }) {
      await release.cli('read-only', 'on', '--reason', 'a test');
      return async () => void (await release.cli('read-only', 'off'));
    },
  },
];

const FOURTH: readonly Cause[] = [
  {
    what: 'the only sync worker stops',
    alerts: ['RoadsteadNoSyncWorker'],
    async make({ cluster: { sync } }) {
      await sync.stop();
      return () => sync.start();
    },
  },
  {
    what: 'all nodes are killed',
    alerts: ['RoadsteadNoNodeReady'],
    async make({ cluster: { api, second } }) {
      await Promise.all([api.stop('SIGKILL'), second.stop('SIGKILL')]);
      return async () => void (await Promise.all([api.start(), second.start()]));
    },
  },
];

/** The rounds of what would disturb the causes before. */
export const LATER_ROUNDS: readonly (readonly Cause[])[] = [SECOND, THIRD, FOURTH];
