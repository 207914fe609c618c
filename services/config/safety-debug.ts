import { isLoopback } from '../registry/access/networks.ts';
import { isEasyToGuess } from './guessable.ts';
import { knowsClients, print } from './reach.ts';
import type { Config, Settings } from './schema.ts';
import type { ListenAddress } from './values.ts';

/** RFC 6750, `b64token`. */
const BEARER_TOKEN = /^[\w.~+/-]+=*$/;

/** Problems of debug ports beyond this machine: what they show is for the operator only. */
export function* checkDebug({ http: { debug } }: Settings): Generator<string> {
  const { bearertoken: token } = debug ?? {};
  if (token !== undefined && !BEARER_TOKEN.test(token))
    yield 'http.debug.bearertoken has characters that a header cannot carry: expected letters, digits and -._~+/ alone, ' +
      'such as from openssl rand -hex 32';
  if (!debug || debug.plain) return;
  const isGuarded = debug.tls !== undefined && (knowsClients(debug.tls) || debug.bearertoken !== undefined);
  if (isGuarded) return;
  for (const [key, addr] of beyond(debug))
    yield `${key} = ${print(addr)}: metrics reveal the names and loads of mirrors: expected http.debug.tls with clientcas ` +
      'or with http.debug.bearertoken, or http.debug.plain: true in a network that only operators reach, or a loopback ' +
      'address such as 127.0.0.1:5001';
}

/** Warnings of debug ports that anybody reads, or whose token can be guessed. */
export function* debugWarnings({ http: { debug } }: Settings): Generator<string> {
  if (!debug) return;
  const { bearertoken: token, tls, plain } = debug;
  if (token !== undefined && isEasyToGuess(token))
    yield 'http.debug.bearertoken is easy to guess: expected 32 random characters or more, such as from openssl rand -hex 32';
  if (!plain) return;
  for (const [key, addr] of beyond(debug)) {
    if (token === undefined && !knowsClients(tls))
      yield `http.debug.plain = true: everyone who reaches ${key} = ${print(addr)} reads the metrics: expected a firewall`;
    else if (tls === undefined)
      yield `http.debug.plain = true: http.debug.bearertoken is sent unencrypted to ${key} = ${print(addr)}`;
  }
}

function beyond({ addr, addrs = {} }: NonNullable<Config['http']['debug']>): [string, ListenAddress][] {
  const all: [string, ListenAddress | undefined][] = [
    ['http.debug.addr', addr],
    ['http.debug.addrs.token', addrs.token],
    ['http.debug.addrs.release', addrs.release],
    ['http.debug.addrs.sync', addrs.sync],
  ];
  return all.filter(
    (each): each is [string, ListenAddress] => each[1] !== undefined && !isLoopback(each[1].host),
  );
}
