/**
 * Promise: what Distribution accepts and this registry cannot do is refused at the start, with the reason and what to do
 * instead; disabled entries may stay; a misspelt key gets a hint.
 */
import { expect } from 'chai';
import { MINIMAL, parse, problemOf, withHttp, withS3, withSection, withStorage, withTls } from './configs.ts';

describe('what Distribution takes and is refused here', () => {
  const refused: [text: string, problem: RegExp][] = [
    [
      withStorage('s3: {region: r, bucket: b}'),
      /^storage\.s3 = .*expected only one driver, but storage\.filesystem is set too/,
    ],
    [withS3('v4auth: false'), /^storage\.s3\.v4auth = false: requests are signed with signature version 4/],
    [withS3('chunksize: 5000000'), /^storage\.s3\.chunksize = 5000000: .*>=5242880/],
    [withS3('secretkey: hunter2'), /^storage\.s3\.accesskey is missing: expected it together with secretkey/],
    [withS3('accesskey: hunter2'), /^storage\.s3\.secretkey is missing: expected it together with accesskey/],
    [withS3('regionendpoint: "https://a:hunter2@b"'), /^storage\.s3\.regionendpoint = .*expected a URL/],
    [withS3('bucket: ""'), /^storage\.s3\.bucket = "": expected the name of a bucket/],
    [withS3('region: ""'), /^storage\.s3\.region = "": expected the region of the bucket/],
    [withS3('storageclass: GLACIER'), /^storage\.s3\.storageclass = "GLACIER": .*STANDARD_IA/],
    [withS3('objectacl: everyone'), /^storage\.s3\.objectacl = "everyone": .*bucket-owner-full-control/],
    [
      MINIMAL.replace(/storage: .*/, 'storage: {s3aws: {bucket: b, secretkey: hunter2}}'),
      /^storage\.s3aws: this is another name of storage\.s3/,
    ],
    [withStorage('gcs: {bucket: b}'), /^storage\.gcs: there is no driver for Google/],
    [withStorage('cache: {blobdescriptor: memcached}'), /^storage\.cache\.blobdescriptor = "memcached"/],
    [withHttp('net: unix'), /^http\.net = "unix": this version listens on TCP only/],
    [withHttp('h2c: {enabled: true}'), /^http\.h2c\.enabled = true: HTTP\/2 is not supported/],
    [withHttp('prefix: /a/../b/'), /^http\.prefix = .*expected a path/],
    ...['//evil.example/', '///evil.example', '/a//b/', '/\\\\evil.example/', '//evil.example:80/a'].map(
      (path): [string, RegExp] => [withHttp(`prefix: "${path}"`), /^http\.prefix = .*expected a path/],
    ),
    ...[
      '//evil.example/token',
      '/\\\\evil.example/token',
      'https://evil.example/token',
      '/auth//token',
      '/auth/?a',
    ].map((path): [string, RegExp] => [
      withSection(
        `auth: {token: {autoredirect: true, autoredirectpath: "${path}", service: s, issuer: i, jwks: /j}}`,
      ),
      /^auth\.token\.autoredirectpath = .*expected a path/,
    ]),
    [withHttp('headers: {Content-Length: ["5"]}'), /^http\.headers\.Content-Length = .*break the connection/],
    [withHttp('headers: {connection: [close]}'), /^http\.headers\.connection = .*break the connection/],
    [
      withHttp('headers: {Content-Type: [text/plain]}'),
      /^http\.headers\.Content-Type = .*the registry sets it itself/,
    ],
    [withHttp('headers: {"X Y": [a]}'), /^http\.headers\.X Y = .*expected a name of an HTTP header/],
    [withHttp('headers: {X-A: ["a\\r\\nX-B: b"]}'), /^http\.headers\.X-A = .*without line breaks/],
    [withHttp('headers: {X-A: nosniff}'), /^http\.headers\.X-A = "nosniff": expected a list/],
    [withHttp('headers: {X-A: [a], x-a: [b]}'), /^http\.headers\.x-a = .*expected each header once/],
    [
      withSection(`audit: {oldsecretsuntil: [in-use, "1:${'0'.repeat(64)}"]}`),
      /^audit\.oldsecretsuntil: it has 2 places, but http\.oldsecrets 0 secrets: expected at most one for each secret/,
    ],
    [
      withSection('audit: {oldsecretsuntil: [soon]}'),
      /^audit\.oldsecretsuntil\.0 = .*: expected a place .*in-use/,
    ],
    [withTls('minimumtls: tls1.1'), /^http\.tls\.minimumtls = "tls1\.1": TLS 1\.0 and 1\.1 are broken/],
    [
      withTls('ciphersuites: [TLS_RSA_WITH_AES_128_GCM_SHA256]'),
      /^http\.tls\.ciphersuites\.0 = .*it is not safe/,
    ],
    [withTls('ciphersuites: [TLS_FAST]'), /^http\.tls\.ciphersuites\.0 = .*there is no such cipher suite/],
    [withTls('clientauth: request-client-cert'), /^http\.tls\.clientauth = .*expected clientcas/],
    [
      withHttp('tls: {letsencrypt: {cachefile: /c, email: a@example.org}}'),
      /^http\.tls\.letsencrypt: certificates are not/,
    ],
    [withSection('auth: {silly: {realm: r}}'), /^auth\.silly: any Authorization header would be accepted/],
    [
      withSection('auth: {none: , htpasswd: {realm: r, path: /p}}'),
      /^auth\.htpasswd = .*expected only one way/,
    ],
    [withSection('auth: {htpasswd: {path: /p}}'), /^auth\.htpasswd\.realm is missing/],
    [withSection('auth: {htpasswd: {realm: r, path: ""}}'), /^auth\.htpasswd\.path = ""/],
    [
      withSection('auth: {token: {realm: "https://a", service: s, issuer: i}}'),
      /^auth\.token: .*rootcertbundle or jwks of the token server, or a section token/,
    ],
    [
      withSection('auth: {token: {service: s, issuer: i, jwks: /k}}'),
      /^auth\.token\.realm is missing: expected the URL of the token server, or autoredirect: true/,
    ],
    [
      withSection('auth: {token: {realm: "http://a", service: s, issuer: i, jwks: /k}}'),
      /^auth\.token\.realm = http:\/\/a: passwords would go there over plain HTTP/,
    ],
    [
      withSection(
        'auth: {token: {realm: "https://a", service: s, issuer: i, jwks: /k, signingalgorithms: [HS256]}}',
      ),
      /^auth\.token\.signingalgorithms\.0 = "HS256": .*ES256/,
    ],
    [
      withSection('middleware: {storage: [{name: redirect, options: {baseurl: "https://cdn"}}]}'),
      /^middleware\.storage\.0: .*section "mirrors"/,
    ],
    [
      withSection('middleware: {storage: [{name: cloudfront, options: {keypairid: hunter2}}]}'),
      /^middleware\.storage\.0: URLs/,
    ],
    [withSection('middleware: {repository: [{name: mine}]}'), /^middleware\.repository\.0: third-party code/],
    [withSection('log: {hooks: [{type: mail}]}'), /^log\.hooks: this registry sends no mail/],
    [
      withSection('policy: {repository: {classes: [plugin]}}'),
      /^policy\.repository\.classes: repositories have no classes/,
    ],
    [withSection('health: {tcp: [{addr: "redis:6379"}]}'), /^health\.tcp\.0: \/readyz asks only the store/],
    [
      withSection('redis: {addr: "a:1", addrs: ["a:1"]}'),
      /^redis\.addrs = .*this key is of Distribution 3, but redis\.addr is of 2\.8/,
    ],
    [
      withSection('redis: {addrs: ["a:1"], tls: {enabled: true}}'),
      /^redis\.addrs = .*redis\.tls\.enabled is of 2\.8/,
    ],
    [
      withSection('notifications: {endpoints: [{name: a, url: "https://a"}, {name: a, url: "https://b"}]}'),
      /^notifications\.endpoints = .*two endpoints are called a/,
    ],
    [
      withSection('notifications: {endpoints: [{name: a, url: "https://u:hunter2@a"}]}'),
      /^notifications\.endpoints\.0\.url = .*credentials go into headers/,
    ],
    [
      withSection('notifications: {endpoints: [{name: a, url: "https://a", ignore: {actions: [tag]}}]}'),
      /^notifications\.endpoints\.0\.ignore\.actions\.0 = "tag"/,
    ],
    [
      withSection('notifications: {endpoints: [{name: off, disabled: true}, {name: a}]}'),
      /^notifications\.endpoints\.1\.url is missing/,
    ],
    [withSection('validation: {manifests: {indexes: {platforms: some}}}'), /expected all, none or list/],
  ];
  for (const [text, problem] of refused)
    it(`is refused: ${problem.source}`, () => {
      const message = problemOf(text);
      expect(message).to.match(problem);
      expect(message).not.to.include('hunter2');
    });
});

describe('what is disabled in a file', () => {
  for (const section of [
    'middleware: {storage: [{name: cloudfront, disabled: true, options: {baseurl: x}}], registry: []}',
    'log: {hooks: [{disabled: yes}]}',
    'proxy: {remoteurl: "", username: u}',
    'policy: {repository: {classes: []}}',
    'health: {file: [], storagedriver: {enabled: false}}',
  ])
    it(`may stay: ${section}`, () => {
      expect(parse(withSection(section))).to.deep.equal(parse(MINIMAL));
    });
});

describe('a key that nobody knows', () => {
  const meant: [text: string, path: string, meant: string | undefined][] = [
    [withStorage('delete: {enable: true}'), 'storage.delete.enable', 'storage.delete.enabled'],
    [withStorage('filesytem: {}'), 'storage.filesytem', 'storage.filesystem'],
    [withSection('tls: {certificate: /c}'), 'tls', 'http.tls'],
    [withSection('maxentries: 5'), 'maxentries', 'catalog.maxentries'],
    [withSection('notification: {}'), 'notification', 'notifications'],
    [withHttp('header: {}'), 'http.header', 'http.headers'],
    [withSection('zzzzzzzzzz: 1'), 'zzzzzzzzzz', undefined],
    [withSection('"": 1'), '', undefined],
    [
      withSection('notifications: {endpoints: [{name: a, url: "https://a", urls: x}]}'),
      'notifications.endpoints.0.urls',
      'notifications.endpoints.0.url',
    ],
  ];
  for (const [text, path, key] of meant)
    it(`${path} gets a hint to the most similar key: ${key}`, () => {
      const hint = key === undefined ? '' : `; did you mean ${key}?`;
      expect(problemOf(text)).to.equal(`${path}: roadstead knows no such key${hint}`);
    });
});
