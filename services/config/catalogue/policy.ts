import { switchOf } from '../values.ts';
import {
  durationRow,
  type Entry,
  honoured,
  noEffect,
  notYet,
  refused,
  refusedSection,
  row,
  rows,
  switchRow,
} from './entry.ts';

const STORAGE_HEALTH = noEffect(
  '/readyz always asks the store, at most every 2 s, and one failure is enough',
);
const OTHER_HEALTH = refused(
  '/readyz asks the store and nothing else, and would call a node well that this check calls ill: have the load ' +
    'balancer or the supervisor make this check, and remove it here',
);
const PROXY = refused(
  'a cache of another registry is not in this version yet: remove the section, and push the images here',
);
const CLASSES = refused(
  'repositories have no classes here: the rules of the section access say who may do what; remove the list',
);
const REPORTS = notYet(
  'nothing is reported to services: errors are in the log, and numbers in the metrics (http.debug)',
);
const SCHEMA1 = notYet('manifests of schema 1 are served when they are there already, and never accepted');

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;

const HEALTH: readonly Entry[] = [
  ...rows('health.storagedriver', '2.8, 3', STORAGE_HEALTH, 'enabled threshold'),
  durationRow('health.storagedriver.interval', '2.8, 3', STORAGE_HEALTH),
  ...refusedSection('health.file.*', '2.8, 3', OTHER_HEALTH, 'file interval threshold'),
  ...refusedSection(
    'health.http.*',
    '2.8, 3',
    OTHER_HEALTH,
    'uri headers statuscode timeout interval threshold',
  ),
  ...refusedSection('health.tcp.*', '2.8, 3', OTHER_HEALTH, 'addr timeout interval threshold'),
];

const VALIDATION: readonly Entry[] = [
  switchRow('validation.enabled', '2.8, 3', {
    on: 'the section is in force, whatever validation.disabled says',
    off: 'only validation.disabled decides',
  }),
  switchRow('validation.disabled', '2.8, 3', {
    on: 'nothing of this section is checked',
    off: 'the section is in force',
    standard: 'false',
  }),
  row(
    'validation.manifests.urls.allow',
    '2.8, 3',
    honoured(
      'a manifest with URLs may be pushed only if one of these matches each; left empty, any may (in Distribution none)',
    ),
  ),
  row(
    'validation.manifests.urls.deny',
    '2.8, 3',
    honoured('a manifest with a URL that one of these matches may not be pushed'),
  ),
  row(
    'validation.manifests.indexes.platforms',
    '3',
    honoured('which images of an index have to be there when it is pushed: all, none, or those of the list'),
    { standard: 'all' },
  ),
  ...rows(
    'validation.manifests.indexes.platformlist.*',
    '3',
    honoured('a platform that "list" means'),
    'os architecture',
  ),
  row('validation.manifests.indexes.platformlist.*.variant', 'ours', honoured('narrows the platform down')),
];

const OLD: readonly Entry[] = [
  ...rows('reporting.bugsnag', '2.8', REPORTS, 'apikey releasestage endpoint'),
  ...rows('reporting.newrelic', '2.8', REPORTS, 'licensekey name verbose'),
  row('compatibility.schema1.enabled', '2.8', SCHEMA1, {
    note: '`false`: no effect',
    decide: (value) =>
      switchOf(value) === false
        ? noEffect('manifests of schema 1 are not accepted, as the file says')
        : undefined,
  }),
  row('compatibility.schema1.signingkeyfile', '2.8', noEffect('no manifests are signed here')),
];

export const POLICY: readonly Entry[] = [
  ...HEALTH,
  row('proxy', '2.8, 3', PROXY, {
    note: 'no effect without a remoteurl',
    decide: (value) =>
      isMapping(value) && !value['remoteurl']
        ? noEffect('no remoteurl: Distribution, too, is no cache then')
        : undefined,
  }),
  ...rows('proxy', '2.8, 3', PROXY, 'remoteurl username password ttl'),
  ...rows('proxy', '3', PROXY, 'exec.command exec.lifetime cachewritetimeout remotenamespace'),
  ...VALIDATION,
  row('policy.repository.classes', '2.8, 3', CLASSES, {
    decide: (value) => (isEmpty(value) ? noEffect('an empty list: every class is welcome') : undefined),
    note: 'an empty list has no effect',
  }),
  ...OLD,
];
