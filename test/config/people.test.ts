/** Promise: users, tokens and rules that contradict each other, or would send passwords in the clear, stop the start. */
import { expect } from 'chai';
import { MINIMAL, parse, problemOf, withPeople, withSection } from './configs.ts';

const RULE = 'rules: [{name: p, allow: [pull], subjects: [everyone], repositories: ["@stable"]}]';
const FOREIGN = 'auth: {token: {realm: "https://a", service: s, issuer: i, jwks: /k}}';
const htpasswd = 'accounts: [{htpasswd: {path: /p}}]';
const keystone = (url: string) => `accounts: [{keystone: {authurl: "${url}"}}]`;
const oidc = (url: string) => `accounts: [{oidc: {issuer: "${url}", clientid: c, clientsecret: hunter2}}]`;

describe('what is said of people', () => {
  it('is taken where it fits together', () => {
    for (const more of [htpasswd, keystone('https://k:5000/v3'), `access: {${RULE}}\npromotion: {}`])
      parse(withPeople(more));
  });

  for (const [what, text, problem] of [
    [
      'rules where nobody logs in',
      withSection(`auth: none\naccess: {${RULE}}\npromotion: {}`),
      /^access: rules need to know the user: expected auth\.token or auth\.htpasswd/,
    ],
    [
      'a token service for nobody',
      withPeople().replace(/auth: .*/, ''),
      /^token: expected auth\.token, too, with realm, service and issuer/,
    ],
    [
      'two token services',
      withPeople().replace('issuer: us', 'issuer: us, jwks: /k'),
      /^auth\.token: expected neither rootcertbundle nor jwks, since the section token has its own keys/,
    ],
    [
      'a key whose certificate is missing',
      withPeople().replace('token: {}', 'token: {key: /k.pem}'),
      /^token\.key = \/k\.pem: expected token\.certificate, too/,
    ],
    [
      'a secret that is too short for the keys of tokens',
      withPeople().replace('s'.repeat(32), 'short'),
      /^http\.secret is too short: .*expected \d+ random characters or more/,
    ],
    [
      'no secret for the keys of tokens',
      withPeople().replace(/, secret: s+/, ''),
      /^http\.secret is missing: .*expected \d+ random characters or more/,
    ],
    [
      'accounts that nobody asks',
      withSection(`${FOREIGN}\n${htpasswd}`),
      /^accounts: only the token service uses them: expected a section token/,
    ],
    [
      'a Keystone over plain HTTP',
      withPeople(keystone('http://k:5000/v3')),
      /^accounts\.0\.keystone\.authurl = http:\/\/k:5000\/v3: passwords over plain HTTP: expected an https URL/,
    ],
    [
      'a provider over plain HTTP',
      withPeople(`${oidc('http://o')}`).replace('5000", ', '5000", host: "https://r.example", '),
      /^accounts\.0\.oidc\.issuer = http:\/\/o\/?: passwords over plain HTTP: expected an https URL/,
    ],
    [
      'rules for stable repositories where nothing is stable',
      withPeople(`access: {${RULE}}`),
      /^access\.rules\.0\.repositories: the rule p uses @stable or @candidates: expected a section promotion/,
    ],
    [
      'tokens that nobody signs',
      `${MINIMAL}\nauth: {token: {realm: "https://a", service: s, issuer: i}}`,
      /^auth\.token: the signer of tokens is unknown/,
    ],
  ] as const)
    it(`is refused: ${what}`, () => {
      expect(problemOf(text)).to.match(problem);
    });
});
