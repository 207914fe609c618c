import { z } from 'zod';
import { Delay } from '../duration.ts';
import { CACHING, Headers, OF_ANSWERS } from '../headers.ts';
import { honoured, noEffect, optionalSection } from '../key.ts';
import { onOff, Switch, when } from '../switch.ts';
import { Address, BaseUrl, Cidr, Parsed, Text } from '../values.ts';
import { DebugSection } from './debug.ts';
import { TlsSection } from './tls.ts';

/** The path of the registry on its host: empty for the root, else such as `/registry`, without a trailing slash. */
const Prefix = Parsed(
  (text) => {
    // With two slashes, browsers and clients would take the first part for a host.
    if (/^\/\/+[^/]/.test(text)) return undefined;
    const path = text.replace(/^\/*/, '/').replace(/\/+$/, '');
    const parts = path.split('/').slice(1);
    return parts.every((part) => /^[\w.~-]+$/.test(part) && part !== '.' && part !== '..') ? path : undefined;
  },
  'expected a path such as /registry/',
  '/a/',
);

const NO_HTTP2 = 'HTTP/2 is not supported';

export const HttpSection = z
  .strictObject({
    addr: honoured(
      Address,
      'the address that the registry listens on, such as 127.0.0.1:5000; beyond this machine only with TLS, trusted proxies or `plain`',
    ),
    net: honoured(z.enum(['', 'tcp']).default('tcp'), 'tcp', {
      note: '`unix` is refused',
      example: 'tcp',
      decide: when(
        'unix',
        'refused',
        'this version listens on TCP only: expected tcp, and a loopback address in http.addr',
      ),
    }),
    prefix: honoured(Prefix.default(''), 'the path that /v2/ is below'),
    /** Where mirrors send clients back, and what mirrors must not be mistaken for. */
    host: honoured(BaseUrl.optional(), "the registry's public URL, used in all absolute URLs for clients"),
    secret: honoured(
      Text.optional(),
      'encrypts secrets in the store, the same on every node: signing keys, refresh tokens, TLS tickets',
    ),
    oldsecrets: honoured(
      z.array(Text).default([]),
      'earlier values of http.secret, until nothing encrypted with them is in use',
      { from: 'ours', example: ['hunter2'] },
    ),
    relativeurls: onOff('URLs for clients have no host', 'URLs for clients have a host', {
      note: 'default: the registry decides',
    }).optional(),
    draintimeout: honoured(
      Delay.prefault('30s'),
      'time limit for the process to end after SIGTERM. Running answers get at least four fifths of it; what ' +
        'hangs then is abandoned (exit by SIGKILL, which a shell shows as 137)',
    ),
    idletimeout: honoured(
      Delay.refine((ms) => ms >= 1000, 'expected a second (1s) at least').prefault('65m'),
      'how long a connection may be idle between two requests: longer than any proxy in front keeps one',
      { from: 'ours' },
    ),
    headers: Headers(
      OF_ANSWERS,
      'added to every answer; headers of framing, and those that the registry sets, are refused; Cache-Control has no effect',
      CACHING,
    ).default({}),
    http2: optionalSection({
      disabled: honoured(Switch.optional(), `${NO_HTTP2}, as the file asks`, {
        note: '`false`: not yet',
        example: true,
        decide: when(false, 'not yet', `${NO_HTTP2}: clients get HTTP/1.1, which all of them support`),
      }),
    }),
    h2c: optionalSection({
      enabled: noEffect(Switch.optional(), 'HTTP/2 without TLS is not supported, as the file asks', {
        from: '3',
        note: '`true` is refused',
        example: false,
        decide: when(
          true,
          'refused',
          `${NO_HTTP2}: have the load balancer use HTTP/1.1 to this port, and remove the key`,
        ),
      }),
    }),
    debug: DebugSection,
    plain: honoured(
      z.enum(['refused', 'host']).default('refused'),
      'plain HTTP at an `addr` beyond loopback. `refused`: the start refuses it, except for trusted proxies. `host`: it is served to this ' +
        'machine and, in a container, to the machine that runs it (the default gateway); other clients get 403',
      { from: 'ours', example: 'host' },
    ),
    trustedproxies: honoured(
      z.array(Cidr).default([]),
      'networks of the proxies that end TLS in front of the registry: what they say in `forwardedheader` is believed',
      { from: 'ours' },
    ),
    forwardedheader: honoured(
      z.enum(['x-forwarded-for', 'forwarded']).default('x-forwarded-for'),
      'the header in which trusted proxies write the address of the client, and must not pass on one of the client; any other is ignored',
      { from: 'ours', example: 'forwarded' },
    ),
    tls: TlsSection.optional(),
  })
  .transform(({ net: _net, http2: _http2, h2c: _h2c, ...http }) => http);
