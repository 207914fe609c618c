import { z } from 'zod';
import { honoured, optionalSection, section, sectionOf } from '../key.ts';
import { onOff } from '../switch.ts';
import { Address, Text } from '../values.ts';
import { OwnTls } from './tls.ts';

function AddressOf(process: string) {
  return honoured(
    Address.optional(),
    `the debug address of a ${process} process that runs alone; http.debug.addr unless given`,
    { example: '127.0.0.1:6001' },
  );
}

/** `http.debug`: metrics and health of each process, on a port of its own. */
export const DebugSection = optionalSection({
  addr: honoured(
    Address,
    'the address of metrics and health checks (/debug/health, /livez, /readyz); beyond this machine only with ' +
      'http.debug.tls and clientcas or a bearertoken, or with http.debug.plain',
  ),
  addrs: sectionOf('ours', {
    token: AddressOf('token'),
    release: AddressOf('release'),
    sync: AddressOf('sync'),
  }).optional(),
  tls: OwnTls(),
  bearertoken: honoured(
    Text.optional(),
    'the token that scrapes show: `Authorization: Bearer …`; health checks need none',
    { from: 'ours', example: 'hunter2' },
  ),
  plain: onOff(
    'the debug port may be beyond this machine without TLS and without a login',
    'beyond this machine, the debug port has TLS and asks for a certificate or a token',
    { from: 'ours' },
  ).default(false),
  prometheus: section({
    enabled: onOff('metrics are served', 'metrics are not served', {
      note: "Distribution's own default is `false`",
    }).default(true),
    path: honoured(z.string().startsWith('/').default('/metrics'), 'the path of the metrics', {
      example: '/numbers',
    }),
    distributionnames: onOff(
      "metrics are also shown by Distribution's names (registry_http_*, registry_storage_*)",
      'metrics are shown by their own names only',
      { from: 'ours' },
    ).default(true),
  }),
});
