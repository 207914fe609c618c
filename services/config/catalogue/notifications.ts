import { durationRow, type Entry, honoured, row, switchRow } from './entry.ts';
import { isDisabled } from './general.ts';

const SECTION = 'notifications.endpoints.*';

export const NOTIFICATIONS: readonly Entry[] = [
  switchRow('notifications.events.includereferences', '2.8, 3', {
    on: 'events of a manifest name what it refers to',
    off: 'events name the manifest alone',
    standard: 'false',
  }),
  row(SECTION, '2.8, 3', honoured('a URL that is told of pulls, pushes, mounts and deletes'), {
    decide: (value) => (isDisabled(value) ? honoured('left out: disabled, as the file says') : undefined),
  }),
  row(`${SECTION}.name`, '2.8, 3', honoured("the endpoint's name, which no other has")),
  switchRow(`${SECTION}.disabled`, '2.8, 3', {
    on: 'the endpoint is left out',
    off: 'the endpoint is used',
    standard: 'false',
  }),
  row(`${SECTION}.url`, '2.8, 3', honoured('where events are posted')),
  row(`${SECTION}.headers.*`, '2.8, 3', honoured('sent with every event')),
  durationRow(
    `${SECTION}.timeout`,
    '2.8, 3',
    honoured('how long an answer may take; 0 for the default'),
    '1s',
  ),
  row(
    `${SECTION}.threshold`,
    '2.8, 3',
    honoured('so many failures in a row, then a pause; 0 for the default'),
    {
      standard: '10',
    },
  ),
  durationRow(
    `${SECTION}.backoff`,
    '2.8, 3',
    honoured('how long that pause is, growing while failures go on; 0 for the default'),
    '1s',
  ),
  row(`${SECTION}.ignoredmediatypes`, '2.8, 3', honoured('joins ignore.mediatypes')),
  row(
    `${SECTION}.ignore.mediatypes`,
    '2.8, 3',
    honoured('events of targets of these media types are not sent'),
  ),
  row(
    `${SECTION}.ignore.actions`,
    '2.8, 3',
    honoured('events of these actions are not sent: pull, push, mount, delete'),
  ),
  row(`${SECTION}.batchsize`, 'ours', honoured('the most events in one POST; Distribution sends one'), {
    standard: '1',
  }),
  row(
    `${SECTION}.queuelimit`,
    'ours',
    honoured('so many events wait at most; beyond, changes become dead letters, and pulls are dropped'),
    {
      standard: '100000',
    },
  ),
];
