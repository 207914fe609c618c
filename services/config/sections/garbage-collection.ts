import { Delay, Duration } from '../duration.ts';
import { honoured, sectionOf } from '../key.ts';
import { onOff } from '../switch.ts';
import { Count } from '../values.ts';

/** The sync process collects garbage while clients push. */
export const GarbageCollectionSection = sectionOf('ours', {
  enabled: onOff(
    'the sync process collects garbage while clients push',
    'only `roadstead garbage-collect` does, with writes off',
  ).default(false),
  interval: honoured(Delay.prefault('24h'), 'time from the start of one cycle to the start of the next'),
  grace: honoured(
    Duration.prefault('24h'),
    'how long scans must have seen an object unused before it goes into quarantine',
  ),
  quarantine: honoured(
    Duration.prefault('72h'),
    'how long it stays there, where it can be restored, before it is deleted; at least 4 s',
  ),
  deleteuntagged: onOff(
    'manifests that no tag in any repository leads to are collected, too',
    'all manifests are kept',
  ).default(false),
  requestspersecond: honoured(
    Count(1, 100_000).optional(),
    'the most requests per second that the collector sends to the store; default: no limit',
  ),
}).prefault({});
