/**
 * Promise: every file that a setting names is looked at before anything starts; one that is missing, unreadable, or holds
 * something else is told in one line that names the setting, the file, and what to do.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { CATALOGUE } from '../../services/config/catalogue.ts';
import { type FileKind, filesOf, type NamedFile } from '../../services/config/files.ts';
import { inspectConfig } from '../../services/config/load.ts';
import type { Config } from '../../services/config/schema.ts';
import { EXIT_CONFIG } from '../../services/registry/runtime/exit-codes.ts';
import { PARTS } from '../../services/serve/parts.ts';
import { fileProblems } from '../../services/serve/services.ts';
import { makePair, type Pair } from '../http/certificates.ts';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const HASH = `$2y$04$${'a'.repeat(53)}`;

describe('files that settings name', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  let pair: Pair;
  let other: Pair;
  /** All together name a file by every key that can. */
  let texts: Record<string, unknown>[];

  before(async function () {
    this.timeout(30_000);
    home = held.use(await tempDir('files')).path;
    pair = await makePair(home, { name: 'one' });
    other = await makePair(home, { name: 'two' });
    const [people, jwks] = [join(home, 'htpasswd'), join(home, 'jwks')];
    await writeFile(people, `alice:${HASH}\n`);
    const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
    await writeFile(jwks, JSON.stringify({ keys: [key] }));
    const tls = { ...pair, clientcas: [pair.certificate, other.certificate] };
    const base = { version: 0.1, storage: { filesystem: { rootdirectory: join(home, 'registry') } } };
    const http = { addr: '127.0.0.1:0', secret: 's'.repeat(32), tls };
    const rootcas = [pair.certificate, other.certificate];
    texts = [
      {
        ...base,
        http: { ...http, debug: { addr: '127.0.0.1:3', tls } },
        auth: { htpasswd: { realm: 'r', path: people } },
      },
      {
        ...base,
        http,
        auth: {
          token: {
            ...{ realm: 'https://registry.example.org/auth/token', service: 's', issuer: 'i' },
            ...{ rootcertbundle: pair.certificate, jwks },
          },
        },
      },
      {
        ...base,
        http,
        auth: {
          token: {
            ...{ realm: 'https://registry.example.org/auth/token', service: 's', issuer: 'i' },
          },
        },
        token: { ...pair, http: { addr: '127.0.0.1:1', tls } },
        accounts: [
          { keystone: { authurl: 'https://keystone.example.net/v3', rootcas } },
          { htpasswd: { path: people } },
          {
            oidc: {
              ...{ issuer: 'https://login.example.net', clientid: 'c', clientsecret: 'hunter2', rootcas },
            },
          },
        ],
        promotion: { candidates: ['candidate/**'], http: { addr: '127.0.0.1:2', tls } },
        redis: { addrs: ['redis.example.net:6379'], tls: { ...pair, rootcas } },
        mirrors: [
          {
            ...{ name: 'one', url: 'https://one.example.net', rootcas },
            write: {
              ...{ webdav: 'https://one.example.net:8081', rootcas },
              ...{ clientcertificate: pair.certificate, clientkey: pair.key },
            },
          },
        ],
      },
    ];
  });
  after(() => held.disposeAsync());

  function configOf(text: unknown): Config {
    const { config, problems } = inspectConfig(stringify(text), {});
    if (config === undefined) throw new Error(problems.join('\n'));
    return config;
  }

  /** The tree with another value at a path. */
  function changed(tree: unknown, path: readonly string[], value: string): unknown {
    const [key, ...rest] = path;
    if (key === undefined) return value;
    const copy = structuredClone(tree) as Record<string, unknown>;
    copy[key] = changed(copy[key], rest, value);
    return copy;
  }

  /** What is told when one file of a configuration is another one. */
  function problemsWith(text: unknown, { key }: NamedFile, path: string): Promise<string[]> {
    return fileProblems(configOf(changed(text, key.split('.'), path)), PARTS);
  }

  const everyFile = () => texts.flatMap((text) => filesOf(configOf(text)).map((file) => ({ text, file })));

  it('are all in the table: every key of the catalogue that names one', () => {
    const inCatalogue = CATALOGUE.filter(
      ({ verdict }) =>
        verdict.kind === 'honoured' && /\bPEM\b|^a file of names|JSON Web Key Set/.test(verdict.text),
    ).map(({ key }) => key);
    const inTable = everyFile().map(({ file }) =>
      file.key.replace(/\.\d+$/, '').replaceAll(/\.\d+\./g, '.*.'),
    );
    expect([...new Set(inTable)].sort()).to.deep.equal([...new Set(inCatalogue)].sort());
  });

  it('are accepted if they are valid', async () => {
    for (const text of texts) expect(await fileProblems(configOf(text), PARTS)).to.deep.equal([]);
  });

  it('are reported if they are missing, unreadable or of another kind', async () => {
    const junk = join(home, 'junk');
    await writeFile(junk, 'nothing of the kind\n');
    const files = everyFile();
    expect(files).to.have.length.above(30);
    for (const { text, file } of files) {
      const variable = `REGISTRY_${file.key.toUpperCase().replaceAll('.', '_')}`;
      for (const [path, code] of [
        [join(home, 'none'), 'ENOENT'],
        [home, 'EISDIR'],
      ] as const) {
        const [problem, ...more] = await problemsWith(text, file, path);
        expect(more, file.key).to.deep.equal([]);
        expect(problem).to.match(
          new RegExp(`^${file.key} = ${path}: cannot be read \\(${code}\\): expected`),
        );
        expect(problem).to.include(variable);
      }
      const [problem, ...more] = await problemsWith(text, file, junk);
      expect(more, file.key).to.deep.equal([]);
      expect(problem?.startsWith(`${file.key} = ${junk}: `), problem).to.equal(true);
      expect(problem).to.include('expected').and.not.include('nothing of the kind');
    }
  });

  it('are reported if a key does not match its certificate', async () => {
    const keys = everyFile().filter(({ file }) => file.kind === 'private key');
    expect(keys).to.have.length(9);
    for (const { text, file } of keys) {
      const problems = await problemsWith(text, file, other.key);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(
        new RegExp(`^${file.key} = .*is not the key of .* ${file.ofCertificate}:`),
      );
    }
  });

  it('are checked only for the processes that read them', async () => {
    const [, , tokens] = texts;
    const broken = configOf(
      [
        'token.key',
        'accounts.1.htpasswd.path',
        'mirrors.0.write.clientkey',
        'promotion.http.tls.key',
      ].reduce<unknown>((tree, key) => changed(tree, key.split('.'), '/none'), tokens),
    );
    const keysOf = async (part: (typeof PARTS)[number]) =>
      (await fileProblems(broken, [part])).map((problem) => problem.split(' ', 1).join());
    expect(await keysOf('api')).to.deep.equal([]);
    expect(await keysOf('token')).to.deep.equal(['token.key', 'accounts.1.htpasswd.path']);
    expect(await keysOf('release')).to.deep.equal(['promotion.http.tls.key']);
    expect(await keysOf('sync')).to.deep.equal(['mirrors.0.write.clientkey']);
  });

  it('with secrets are never quoted, not even if a key is pasted in place of its path', async () => {
    const kinds = new Set<FileKind>();
    for (const { text, file } of everyFile()) {
      kinds.add(file.kind);
      const [problem = ''] = await problemsWith(text, file, '-----BEGIN PRIVATE KEY-----\nhunter2\n');
      expect(problem).to.include(file.key).and.not.include('hunter2');
    }
    expect(kinds.size).to.equal(5);
  });

  it('keep config check from saying that a file can be used, and the start from starting, without a stack', async function () {
    this.timeout(30_000);
    const path = join(home, 'config.yml');
    const missing = join(home, 'none');
    await writeFile(path, stringify(changed(texts[0], ['auth', 'htpasswd', 'path'], missing)));
    const told = new RegExp(`auth\\.htpasswd\\.path = ${missing}: cannot be read \\(ENOENT\\)`);
    const commands: [words: string[], code: number][] = [
      [['config', 'check'], 1],
      [['serve'], EXIT_CONFIG],
    ];
    const outcomes = commands.map(async ([words, expected]) => ({
      ...(await run(process.execPath, [...CLI, ...words, path], { allowFailure: true })),
      expected,
    }));
    for (const { code, stdout, stderr, expected } of await Promise.all(outcomes)) {
      expect(code).to.equal(expected);
      expect(stdout + stderr)
        .to.match(told)
        .and.not.match(/^ +at /m);
    }
  });

  it('of names and hashes are reported by line, without the hash', async () => {
    const people = join(home, 'bad');
    await writeFile(people, `alice:${HASH}\nbob:$apr1$hunter2\n`);
    const found = everyFile().find(({ file }) => file.kind === 'htpasswd');
    if (!found) throw new Error('no htpasswd file in the table');
    const problems = await problemsWith(found.text, found.file, people);
    expect(problems.join())
      .to.match(/line 2: expected a bcrypt hash for bob/)
      .and.not.include('hunter2');
  });
});
