import { durationRow, type Entry, honoured, row, rows, switchRow } from './entry.ts';
import { tlsRows } from './tls.ts';

/** Sections that Distribution does not have. */
export const OURS: readonly Entry[] = [
  switchRow('garbagecollection.enabled', 'ours', {
    on: 'the sync process collects garbage while pushes go on',
    off: '`roadstead garbage-collect` does, with writes off',
    standard: 'false',
  }),
  durationRow(
    'garbagecollection.interval',
    'ours',
    honoured('how long after one cycle began the next one begins'),
    '24h',
  ),
  durationRow(
    'garbagecollection.grace',
    'ours',
    honoured('how long something is out of use, as scans see it, before it goes into quarantine'),
    '24h',
  ),
  durationRow(
    'garbagecollection.quarantine',
    'ours',
    honoured('how long it stays there, and can be restored, before it is deleted; 4 s at least'),
    '72h',
  ),
  switchRow('garbagecollection.deleteuntagged', 'ours', {
    on: 'manifests go, too, that no tag in any repository leads to',
    off: 'every manifest stays',
    standard: 'false',
  }),
  row(
    'garbagecollection.requestspersecond',
    'ours',
    honoured(
      'how many requests a second the collector makes of the store at most; left out: as many as it takes',
    ),
  ),
  row(
    'promotion.candidates',
    'ours',
    honoured('patterns of the repositories that clients push candidates to'),
    { standard: '[candidate/**]' },
  ),
  row(
    'promotion.stable',
    'ours',
    honoured(
      'patterns of the repositories that change by promotion; left out: all but candidates; people push to the rest',
    ),
  ),
  row(
    'promotion.http.addr',
    'ours',
    honoured(
      'where the release service listens, such as an address of an inside network; left out: http.addr',
    ),
  ),
  ...tlsRows('promotion.http.tls', 'ours'),
  row('mirrors.*.name', 'ours', honoured("the mirror's name, which no other has")),
  row('mirrors.*.url', 'ours', honoured('where clients are sent to; below it, blobs stand as in the store')),
  row('mirrors.*.weight', 'ours', honoured('its bandwidth, or its share of the clients'), {
    standard: '100',
  }),
  row('mirrors.*.netblocks', 'ours', honoured('networks whose clients are sent here first')),
  switchRow('mirrors.*.sameoperator', 'ours', {
    on: 'it is no leak when credentials for the registry reach this mirror',
    off: 'a mirror that they would reach is refused',
    standard: 'false',
  }),
  row('mirrors.*.write.directory', 'ours', honoured('a directory that blobs are published in')),
  row('mirrors.*.write.webdav', 'ours', honoured('a WebDAV server that blobs are published to')),
  row('mirrors.*.write.username', 'ours', honoured('who to log in as there')),
  row('mirrors.*.write.password', 'ours', honoured('with which password')),
  ...rows(
    'mirrors.*.write',
    'ours',
    honoured('the file, in PEM, that the sync worker is known by there, read again when it changes'),
    'clientcertificate clientkey',
  ),
  row(
    'mirrors.*.write.rootcas',
    'ours',
    honoured('files, in PEM, of who else may have signed its certificate'),
  ),
  row(
    'mirrors.*.serve',
    'ours',
    honoured('the sync process itself serves the directory here, for demonstrations'),
  ),
];
