import { z } from 'zod';
import { about, addProblem, honoured, type Origin, refused } from '../key.ts';
import { when } from '../switch.ts';
import { Address, File } from '../values.ts';

/** Go's names of the cipher suites that are safe to offer, and OpenSSL's. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
};
/** The suites of TLS 1.3, which Go always offers; OpenSSL's names are the same. */
const SUITES_1_3 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Go's other suites: with RC4, 3DES or CBC, or without forward secrecy. */
const WEAK = /^TLS_(?:RSA_WITH|ECDHE_(?:RSA|ECDSA)_WITH_(?:RC4|3DES|AES_(?:128|256)_CBC))_/;

const CipherSuite = about(
  z.string().superRefine((name, context) => {
    if (SUITES[name] !== undefined || SUITES_1_3.includes(name)) return;
    const good = [...Object.keys(SUITES), ...SUITES_1_3].join(', ');
    const what = WEAK.test(name)
      ? 'it is not safe (RC4, 3DES, CBC, or no forward secrecy)'
      : 'there is no such cipher suite';
    addProblem(context, [], `${what}: expected any of ${good}`);
  }),
  { example: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' },
);

/** Distribution's names and Node's. */
const VERSIONS = { 'tls1.2': 'TLSv1.2', 'tls1.3': 'TLSv1.3' } as const;
/** Distribution's names and ours. */
const CLIENT_AUTH = {
  'request-client-cert': 'request',
  'require-any-client-cert': 'require-any',
  'verify-client-cert-if-given': 'verify-if-given',
  'require-and-verify-client-cert': 'require-and-verify',
} as const;

const keysOf = <T extends object>(table: T) => Object.keys(table) as (keyof T)[];

/** The keys of a port's TLS. Ours and Distribution's ports have the same ones. */
function tlsKeys(from: Origin) {
  const shape = {
    certificate: honoured(File, 'the PEM file of the certificate, and of those between it and the root'),
    key: honoured(File, "the PEM file of the certificate's private key"),
    clientcas: honoured(
      z.array(File).default([]),
      "PEM files of the authorities that may sign clients' certificates",
    ),
    clientauth: honoured(
      z.enum(keysOf(CLIENT_AUTH)).optional(),
      'what is asked of clients when there are clientcas; by default require-and-verify-client-cert',
      { from: from === 'ours' ? 'ours' : '3', example: 'request-client-cert' },
    ),
    minimumtls: honoured(
      z.enum(keysOf(VERSIONS)).default('tls1.2'),
      'the lowest version of TLS: tls1.2 or tls1.3',
      {
        note: 'older ones are refused',
        decide: when(
          (value) => value === 'tls1.0' || value === 'tls1.1',
          'refused',
          'TLS 1.0 and 1.1 are broken: expected tls1.2 or tls1.3',
        ),
      },
    ),
    ciphersuites: honoured(
      z.array(CipherSuite).default([]),
      "Go's names; those with RC4, 3DES, CBC or no forward secrecy are refused; those of TLS 1.3 are always on",
    ),
  };
  return about(z.strictObject(shape), { from });
}

type Keys = ReturnType<typeof tlsKeys>;

function check(tls: z.output<Keys>, context: z.RefinementCtx): void {
  if (tls.clientauth === undefined || tls.clientcas.length > 0) return;
  const message = 'without clientcas, Distribution asks for no certificate at all: expected clientcas, too';
  addProblem(context, ['clientauth'], message);
}

/** TLS in the listener's words. */
function settingsOf({ certificate, key, clientcas, clientauth, minimumtls, ciphersuites }: z.output<Keys>) {
  return {
    ...{ certificate, key, clientCas: clientcas },
    clientAuth: clientauth && CLIENT_AUTH[clientauth],
    minimumVersion: VERSIONS[minimumtls],
    /** Undefined for Node's own choice. */
    ciphers: ciphersuites.length === 0 ? undefined : openSslNames(ciphersuites).join(':'),
  };
}

/** Node turns TLS 1.3 off when a list has none of its suites; Go never does. */
function openSslNames(names: readonly string[]): readonly string[] {
  const named = names.map((name) => SUITES[name] ?? name);
  const always = named.some((name) => SUITES_1_3.includes(name)) ? [] : SUITES_1_3;
  return [...new Set([...always, ...named])];
}

/** `http.tls`, with Distribution's keys. */
export const TlsSection = tlsKeys('2.8, 3')
  .extend({
    letsencrypt: refused(
      'certificates are not fetched here: have an ACME client such as certbot fetch them, and name its files in ' +
        'http.tls.certificate and http.tls.key',
      {
        note: 'no effect with a certificate',
        decide: when(
          (_, { certificate }) => certificate,
          'no effect',
          'a certificate is configured, so Distribution, too, ignores this section',
        ),
        below: { '2.8, 3': 'cachefile email hosts', '3': 'directoryurl' },
      },
    ),
  })
  .superRefine(check)
  .transform(settingsOf);

/** TLS of a port of ours, with the keys of `http.tls`. */
export function OwnTls() {
  return tlsKeys('ours').superRefine(check).transform(settingsOf).optional();
}

/** An own address for one service, such as one of an internal network; `where` says what happens without it. */
export function ListenerSection(where: string) {
  return z.strictObject({
    addr: honoured(Address, where),
    /** `http.tls` unless given. */
    tls: OwnTls(),
  });
}
