import { z } from 'zod';
import { Delay } from '../duration.ts';
import { about, honoured, section, sectionOf } from '../key.ts';
import { onOff } from '../switch.ts';
import { Cidr, Count } from '../values.ts';

const PerSecond = about(z.number().positive().max(1_000_000).optional(), { example: 2.5 });

/** Limits on what clients may ask for. */
export const LimitsSection = sectionOf('ours', {
  connections: honoured(Count(1, 1_000_000).default(10_000), 'the most connections to a port at a time', {
    example: 50,
  }),
  connectionsperclient: honoured(
    Count(1, 1_000_000).optional(),
    'the most connections of one client, or of one /64 network of IPv6; default: half of them. Proxies and ' +
      'trusted networks are not counted',
  ),
  minimumrate: honoured(
    Count(0, 1_000_000).default(1024),
    'bytes per second that a client has to send of a body, or to read of an answer, after the first minute; ' +
      '0: no limit',
  ),
  requestspersecond: section({
    client: honoured(
      PerSecond,
      "requests that a node accepts from one client, or one /64 network of IPv6, with bursts of five seconds' " +
        'worth; more get 429. Default: no limit',
    ),
    account: honoured(PerSecond, 'the same for one account'),
  }),
  logins: section({
    enabled: onOff(
      'after failed logins, the next ones have to wait: they get 429 with `Retry-After` before any password is checked',
      'failed logins have no consequences',
    ).default(true),
    attempts: honoured(
      Count(1, 1000).default(5),
      'failures an hour without a wait for one account: from one client, and from all clients together that never ' +
        'logged in to it; 10 times as many for one client over all accounts',
    ),
    maxwait: honoured(
      Delay.prefault('5m'),
      'the longest wait of a client; the first one is 1 s, and each failure doubles it. An account under attack makes ' +
        'strangers wait for up to a quarter of an hour, but not the first one of a network',
    ),
  }),
  manifests: section({
    children: honoured(
      Count(1, 100_000).default(1000),
      'the most manifests, or layers of a build cache, that a pushed index may list; more get 400 MANIFEST_INVALID',
      { example: 2000 },
    ),
    layers: honoured(
      Count(1, 100_000).default(1000),
      'the most layers of a pushed image, and the most URLs of its layers; more get 400 MANIFEST_INVALID',
      { example: 2000 },
    ),
  }),
  deletedtags: honoured(
    Count(1, 100_000).default(1000),
    'the most tags that the delete of a manifest takes along; a manifest with more is kept, with 409 DENIED, until ' +
      'tags are deleted one by one',
    { example: 2000 },
  ),
  trustednetworks: honoured(
    z.array(Cidr).default([]),
    'networks whose failed logins and requests are not counted',
  ),
}).prefault({});
