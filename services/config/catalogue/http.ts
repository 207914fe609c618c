import { switchOf } from '../values.ts';
import {
  durationRow,
  type Entry,
  honoured,
  noEffect,
  notYet,
  refused,
  row,
  rows,
  switchRow,
  type Verdict,
} from './entry.ts';
import { tlsRows } from './tls.ts';

const HTTP1 = notYet('HTTP/2 is not spoken here: clients are answered in HTTP/1.1, which all of them speak');
const H2C = refused(
  'HTTP/2 is not spoken here: have the load balancer speak HTTP/1.1 to this port, and remove the key',
);
const UNIX = refused('this version listens on TCP only: expected tcp, and a loopback address in http.addr');
const ACME = refused(
  'certificates are not fetched here: have an ACME client such as certbot fetch them, and name its files in ' +
    'http.tls.certificate and http.tls.key',
);
const UNUSED_ACME = noEffect(
  'a certificate is configured: Distribution, too, does not use this section then',
);

function acme(_: unknown, beside: Readonly<Record<string, unknown>>): Verdict | undefined {
  return beside['certificate'] ? UNUSED_ACME : undefined;
}

const TLS: readonly Entry[] = [
  ...tlsRows('http.tls', '2.8, 3'),
  row('http.tls.letsencrypt', '2.8, 3', ACME, { decide: acme, note: 'no effect beside a certificate' }),
  ...rows('http.tls.letsencrypt', '2.8, 3', ACME, 'cachefile email hosts'),
  row('http.tls.letsencrypt.directoryurl', '3', ACME),
];

export const HTTP: readonly Entry[] = [
  row(
    'http.addr',
    '2.8, 3',
    honoured('where the registry listens; beyond this machine only with TLS or trusted proxies'),
  ),
  row('http.net', '2.8, 3', honoured('tcp'), {
    standard: 'tcp',
    note: '`unix` is refused',
    decide: (value) => (value === 'unix' ? UNIX : undefined),
  }),
  row('http.prefix', '2.8, 3', honoured('the path that /v2/ stands below')),
  row(
    'http.host',
    '2.8, 3',
    honoured("the registry's public URL, in every absolute URL that clients are given"),
  ),
  row(
    'http.secret',
    '2.8, 3',
    honoured(
      "what the store's secrets are sealed with, the same on every node: signing keys, refresh tokens, TLS tickets",
    ),
  ),
  row(
    'http.oldsecrets',
    'ours',
    honoured('secrets that http.secret has replaced, for as long as something sealed with them is in use'),
  ),
  switchRow('http.relativeurls', '2.8, 3', {
    on: 'clients are given URLs without a host',
    off: 'clients are given URLs with a host',
    note: 'left out: the registry decides',
  }),
  durationRow(
    'http.draintimeout',
    '2.8, 3',
    honoured(
      'how long the process may take to end after SIGTERM; answers under way get four fifths of it or more, and what hangs is left (exit by SIGKILL, which a shell shows as 137)',
    ),
    '30s',
  ),
  durationRow(
    'http.idletimeout',
    'ours',
    honoured(
      'how long a connection may be idle between two requests: longer than any proxy before the registry keeps one',
    ),
    '65m',
  ),
  row(
    'http.headers.*',
    '2.8, 3',
    honoured('added to every answer; those of framing, and those that the registry sets, are refused'),
  ),
  row('http.http2.disabled', '2.8, 3', honoured('HTTP/2 is not spoken here, as the file asks'), {
    decide: (value) => (switchOf(value) === false ? HTTP1 : undefined),
    note: '`false`: not yet',
  }),
  row('http.h2c.enabled', '3', noEffect('HTTP/2 without TLS is not spoken here, as the file asks'), {
    decide: (value) => (switchOf(value) === true ? H2C : undefined),
    note: '`true` is refused',
  }),
  row(
    'http.debug.addr',
    '2.8, 3',
    honoured(
      'where metrics and health are served (/debug/health, /livez, /readyz): on a loopback address only',
    ),
  ),
  switchRow('http.debug.prometheus.enabled', '2.8, 3', {
    on: 'metrics are served',
    off: 'no metrics are served',
    note: 'Distribution serves none unless told to',
    standard: 'true',
  }),
  row('http.debug.prometheus.path', '2.8, 3', honoured('the path of the metrics'), { standard: '/metrics' }),
  row(
    'http.trustedproxies',
    'ours',
    honoured(
      "networks of the proxies that end TLS before the registry: their word on a client's address is believed",
    ),
  ),
  ...TLS,
];
