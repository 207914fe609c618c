import { z } from 'zod';
import { Duration } from '../duration.ts';
import { noEffect, notYet, optionalSection, refused } from '../key.ts';
import { isMapping } from '../mapping.ts';
import { Switch, when } from '../switch.ts';
import { Count } from '../values.ts';

/** Distribution's sections that change nothing here, or are refused. */

const CHECKED = '/readyz always asks the store, at most every 2 s, and one failure is enough';

/** A list of other health checks. To leave them out would report as healthy what the operator wants reported as not. */
function checks(keys: string) {
  const text =
    '/readyz asks only the store, and would report as ready what fails this check: have the load balancer or the ' +
    'supervisor make it, and remove it here';
  return z.array(refused(text, { below: { '2.8, 3': keys } })).optional();
}

export const HealthSection = optionalSection({
  storagedriver: optionalSection({
    enabled: noEffect(Switch.optional(), CHECKED),
    interval: noEffect(Duration.optional(), CHECKED),
    threshold: noEffect(Count(0, 1_000_000).optional(), CHECKED),
  }),
  file: checks('file interval threshold'),
  http: checks('uri headers statuscode timeout interval threshold'),
  tcp: checks('addr timeout interval threshold'),
});

export const ProxySection = refused(
  'this version cannot be a cache of another registry: remove the section, and push the images here',
  {
    note: 'no effect without a remoteurl',
    below: {
      '2.8, 3': 'remoteurl username password ttl',
      '3': 'exec.command exec.lifetime cachewritetimeout remotenamespace',
    },
    decide: when(
      (value) => isMapping(value) && !value['remoteurl'],
      'no effect',
      'without a remoteurl, Distribution is not a cache either',
    ),
  },
);

export const PolicySection = optionalSection({
  repository: optionalSection({
    classes: refused(
      'repositories have no classes here: the rules of the section access decide who may do what; remove the list',
      {
        note: 'an empty list has no effect',
        decide: when(
          (value) => Array.isArray(value) && value.length === 0,
          'no effect',
          'an empty list allows every class',
        ),
      },
    ),
  }),
});

const REPORTS =
  'errors are not reported to services: they are in the log, and counts in the metrics (http.debug)';
const report = <T extends z.ZodType>(type: T) => notYet(type, REPORTS, { from: '2.8' });
const reportText = () => report(z.string().optional());

export const ReportingSection = optionalSection({
  bugsnag: optionalSection({ apikey: reportText(), releasestage: reportText(), endpoint: reportText() }),
  newrelic: optionalSection({
    licensekey: reportText(),
    name: reportText(),
    verbose: report(Switch.optional()),
  }),
});

export const CompatibilitySection = optionalSection({
  schema1: optionalSection({
    enabled: notYet(
      Switch.optional(),
      'manifests of schema 1 are served if the store has them, and never accepted',
      {
        from: '2.8',
        note: '`false`: no effect',
        example: true,
        decide: when(false, 'no effect', 'manifests of schema 1 are not accepted, as the file asks'),
      },
    ),
    signingkeyfile: noEffect(z.string().optional(), 'manifests are not signed here', { from: '2.8' }),
  }),
});
