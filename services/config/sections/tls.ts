import { z } from 'zod';

/** Go's names of cipher suites that are safe to offer, and OpenSSL's. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
};
/** Those of TLS 1.3, which Go always offers: their names are OpenSSL's, too. */
const SUITES_1_3 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Go's other suites: with RC4, 3DES or CBC, or without forward secrecy. */
const WEAK = /^TLS_(?:RSA_WITH|ECDHE_(?:RSA|ECDSA)_WITH_(?:RC4|3DES|AES_(?:128|256)_CBC))_/;

const CipherSuite = z.string().superRefine((name, context) => {
  if (SUITES[name] !== undefined || SUITES_1_3.includes(name)) return;
  const good = [...Object.keys(SUITES), ...SUITES_1_3].join(', ');
  const what = WEAK.test(name)
    ? 'it is not safe (RC4, 3DES, CBC, or no forward secrecy)'
    : 'there is none of this name';
  context.addIssue({ code: 'custom', message: `${what}: expected any of ${good}` });
});

/** Distribution's names and Node's. */
const VERSIONS = { 'tls1.2': 'TLSv1.2', 'tls1.3': 'TLSv1.3' } as const;

const File = z.string().min(1);

export const TlsSection = z
  .strictObject({
    certificate: File,
    key: File,
    clientcas: z.array(File).default([]),
    clientauth: z
      .enum([
        'request-client-cert',
        'require-any-client-cert',
        'verify-client-cert-if-given',
        'require-and-verify-client-cert',
      ])
      .optional(),
    /** Node's name of the lowest version. */
    minimumtls: z
      .enum(['tls1.2', 'tls1.3'])
      .default('tls1.2')
      .transform((version) => VERSIONS[version]),
    /** OpenSSL's names, to be joined by colons; undefined for Node's own choice. */
    ciphersuites: z
      .array(CipherSuite)
      .transform((names) => (names.length === 0 ? undefined : openSslNames(names)))
      .optional(),
  })
  .superRefine((tls, context) => {
    if (tls.clientauth === undefined || tls.clientcas.length > 0) return;
    context.addIssue({
      code: 'custom',
      path: ['clientauth'],
      message: 'without clientcas, Distribution asks for no certificate at all: expected clientcas beside it',
    });
  });

/** Node turns TLS 1.3 off when a list names none of its suites; Go never does. */
function openSslNames(names: readonly string[]): readonly string[] {
  const named = names.map((name) => SUITES[name] ?? name);
  const own = named.some((name) => SUITES_1_3.includes(name)) ? [] : SUITES_1_3;
  return [...new Set([...own, ...named])];
}
