import { z } from 'zod';
import { FRAMING, Headers } from '../headers.ts';
import { honoured, section, sectionOf } from '../key.ts';
import { Size } from '../size.ts';
import { Count, File, Parsed, plainUrl, Text } from '../values.ts';

const NoticeUrl = Parsed(
  (text) => plainUrl(text)?.href,
  'expected an http or https URL without user or fragment; credentials go into headers',
  'https://hook.example.net/other',
);

/** What the sync process may use for all mirrors together, and where it sends notices of them. */
export const SyncSection = sectionOf('ours', {
  uploads: honoured(
    Count(1, 1000).default(32),
    'the most blobs that a sync process writes to all mirrors at once',
  ),
  bandwidth: honoured(
    Size(1000, 'expected 1kB (per second) at least').optional(),
    'the most bytes per second that a sync process sends to all mirrors together, such as 100MB; default: no limit',
  ),
  spool: section({
    directory: honoured(
      File.optional(),
      "where blobs that several mirrors get are kept for a short time, so that each is read once from a remote store; default: the system's directory for temporary files",
      { example: '/var/spool/roadstead' },
    ),
    maxsize: honoured(
      Size(0, 'expected 0 or more').prefault('8GiB'),
      'the most bytes of such copies; a blob that does not fit is read from the store for each mirror. 0: no copies',
    ),
  }),
  notices: section({
    webhook: honoured(
      NoticeUrl.optional(),
      'the URL that notices of mirrors (down, up, disabled, full, …) are posted to, as JSON',
    ),
    headers: Headers({ ...FRAMING, host: 'it follows from the URL' }, 'sent with every notice').default({}),
    command: honoured(
      z.array(Text).min(1, 'expected a program and its arguments').optional(),
      'a program and its arguments, such as one that sends mail: run without a shell for each notice, which it reads as JSON from its standard input',
      { example: ['/usr/local/bin/mail-notice'] },
    ),
  }),
}).prefault({});
