import { switchOf } from '../values.ts';
import { type Entry, honoured, noEffect, refused, row, rows, switchRow, type Verdict } from './entry.ts';

const HOOKS = refused(
  'no mail is sent from here: collect the log (journald, Vector, Loki), alert there, and remove the hooks',
);

/** Whether a list holds only entries that say `disabled: true`. */
export function areAllDisabled(value: unknown): boolean {
  return Array.isArray(value) && value.every(isDisabled);
}

/** Whether an entry of a list says `disabled: true`. */
export function isDisabled(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'disabled' in value && switchOf(value.disabled) === true
  );
}

function unlessDisabled(value: unknown): Verdict | undefined {
  return areAllDisabled(value) ? noEffect('disabled, as the file says') : undefined;
}

export const GENERAL: readonly Entry[] = [
  row('version', '2.8, 3', honoured('the format of the file: 0.1, the only one that there is')),
  row('log.level', '2.8, 3', honoured('the least level that is logged: debug, info, warn or error'), {
    standard: 'info',
  }),
  row(
    'log.formatter',
    '2.8, 3',
    honoured('json, text or logstash; Distribution itself writes text unless told otherwise'),
    {
      standard: 'json',
    },
  ),
  row('log.fields.*', '2.8, 3', honoured('added to every line of the log')),
  switchRow('log.accesslog.disabled', '2.8, 3', {
    on: 'no line for each request',
    off: 'a line for each request',
    standard: 'false',
  }),
  row(
    'log.reportcaller',
    '3',
    noEffect('lines tell what happened and to what, not which line of code wrote them'),
  ),
  row('log.hooks', '2.8, 3', HOOKS, {
    decide: unlessDisabled,
    note: 'no effect when all of them are disabled',
  }),
  ...rows('log.hooks.*', '2.8, 3', HOOKS, 'type disabled levels options.from options.to'),
  ...rows('log.hooks.*.options.smtp', '2.8, 3', HOOKS, 'addr username password insecure'),
  row('loglevel', '2.8, 3', honoured('the old name of log.level'), {
    decide: (_, beside) => {
      const log = beside['log'];
      const isSet = typeof log === 'object' && log !== null && 'level' in log;
      return isSet ? noEffect('the old name of log.level, which is set and goes before it') : undefined;
    },
  }),
  row(
    'catalog.maxentries',
    '2.8, 3',
    honoured('the most repositories in one page of /v2/_catalog; 0 or less for the default'),
    {
      standard: '1000',
    },
  ),
  row(
    'tags.maxtags',
    '3',
    honoured('the most tags in one page of a tag list, where n asks for pages; 0 or less for the default'),
    {
      standard: '1000',
    },
  ),
];
