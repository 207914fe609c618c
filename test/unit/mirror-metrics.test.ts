/** Promise: a scrape says of each mirror how far it is, whether it gets clients, and how many blobs it lacks. */
import { expect } from 'chai';
import { reportMirrors } from '../../services/api/metrics.ts';
import { Metrics } from '../../services/http/metrics.ts';
import type { MirrorStates } from '../../services/registry/publishing/mirrors/mirror-states.ts';

describe('the metrics of mirrors', () => {
  it('are those of the moment of the scrape', async () => {
    const south = { mirror: { name: 'south' }, watermark: 5, healthy: true, missing: new Set(['a', 'b']) };
    const north = { mirror: { name: 'north' }, watermark: 7, healthy: false, missing: new Set() };
    const board = { states: [south, north] };
    const metrics = new Metrics();
    reportMirrors(metrics, board as unknown as MirrorStates, () => 7);
    const lines = async () =>
      (await metrics.scrape()).split('\n').filter((line) => line.startsWith('roadstead_mirror'));
    expect(await lines()).to.have.members([
      ...['roadstead_mirror_watermark{mirror="south"} 5', 'roadstead_mirror_watermark{mirror="north"} 7'],
      'roadstead_mirror_lag_publications{mirror="south"} 2',
      'roadstead_mirror_lag_publications{mirror="north"} 0',
      ...['roadstead_mirror_up{mirror="south"} 1', 'roadstead_mirror_up{mirror="north"} 0'],
      'roadstead_mirror_missing_blobs{mirror="south"} 2',
      'roadstead_mirror_missing_blobs{mirror="north"} 0',
    ]);
    south.missing.clear();
    expect(await lines()).to.include('roadstead_mirror_missing_blobs{mirror="south"} 0');
  });
});
