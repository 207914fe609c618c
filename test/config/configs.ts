import { expect } from 'chai';
import { ConfigError } from '../../services/config/config-error.ts';
import { parseConfig } from '../../services/config/load.ts';
import type { Config } from '../../services/config/schema.ts';

/** The least that runs. */
export const MINIMAL = `
version: 0.1
storage: {filesystem: {rootdirectory: /srv/registry}}
http: {addr: "127.0.0.1:5000"}
`;

/** One with a mirror, behind a public name, that everyone may use. */
export const MIRRORED = `
version: 0.1
storage: {filesystem: {rootdirectory: /srv/registry}}
http: {addr: "127.0.0.1:5000", host: "https://registry.example.org"}
auth: none
promotion: {candidates: ["candidate/**"], http: {addr: "127.0.0.1:5002"}}
mirrors:
  - name: one
    url: https://one.example.net
    write: {webdav: "https://one.example.net:8081", username: sync, password: hunter2}
`;

/** {@link MINIMAL} with a section more. */
export function withSection(section: string): string {
  return `${MINIMAL}\n${section}`;
}

/** {@link MINIMAL} with keys more in `http`. */
export function withHttp(keys: string): string {
  return MINIMAL.replace('5000"}', `5000", ${keys}}`);
}

/** {@link MINIMAL} with TLS, and keys more in it. */
export function withTls(keys: string): string {
  return withHttp(`tls: {certificate: /c.pem, key: /k.pem, ${keys}}`);
}

/** {@link MINIMAL} with keys more in `storage`. */
export function withStorage(keys: string): string {
  return MINIMAL.replace('registry}}', `registry}, ${keys}}`);
}

/** One that keeps everything in a bucket, with keys more in `storage.s3`, which may replace those that it has. */
export function withS3(keys: string): string {
  const own = ['region: eu-north-1', 'bucket: images'].filter(
    (pair) => !keys.startsWith(pair.split(' ')[0] ?? ''),
  );
  return MINIMAL.replace(/storage: .*/, `storage: {s3: {${[...own, keys].join(', ')}}}`);
}

/** One that requires tokens, with more sections. */
export function withPeople(sections = ''): string {
  return `${MINIMAL.replace('5000"}', `5000", secret: ${'s'.repeat(32)}}`)}
auth: {token: {realm: "https://registry.example.org/auth/token", service: registry, issuer: us}}
token: {}
${sections}`;
}

/** The settings of the file system in a configuration that uses it. */
export function filesystem({ storage }: Config) {
  if (storage.objects.driver !== 'filesystem') throw new Error(`the driver is ${storage.objects.driver}`);
  return storage.objects;
}

/** Parses a configuration with these variables set. */
export function parse(text: string, environment: Record<string, string> = {}): Config {
  return parseConfig(text, environment, 'test.yml');
}

/** The problems of a configuration, a line each; fails when there are none, or on any other error. */
export function problemsOf(text: string, environment: Record<string, string> = {}): string[] {
  try {
    parse(text, environment);
  } catch (error) {
    expect(error, String(error)).to.be.instanceOf(ConfigError);
    const [source, ...problems] = (error as ConfigError).message.split('\n');
    expect(source).to.equal('test.yml cannot be used:');
    return problems.map((problem) => problem.trim());
  }
  throw new Error('the configuration was taken');
}

/** The one thing that is wrong with a configuration. */
export function problemOf(text: string, environment: Record<string, string> = {}): string {
  const problems = problemsOf(text, environment);
  expect(problems).to.have.length(1);
  return problems[0] ?? '';
}
