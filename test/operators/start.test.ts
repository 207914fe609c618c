/**
 * Promise: a start that cannot succeed ends with one sentence that names the setting, its value, and the way out; stacks are
 * for faults of ours.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { listenError } from '../../services/http/operator-errors.ts';
import { OperatorError } from '../../services/registry/runtime/operator-error.ts';
import { StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { PARTS } from '../../services/serve/parts.ts';
import { serve } from '../../services/serve/serve.ts';
import { CLI } from '../support/cli.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

describe('a start that cannot succeed', () => {
  const held = new AsyncDisposableStack();
  const taken = createServer();
  let home: string;
  let address: string;
  let base: Record<string, unknown>;

  before(async () => {
    home = held.use(await tempDir('start')).path;
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    base = {
      ...{ version: 0.1, log: { level: 'error' }, http: { addr: '127.0.0.1:0', secret: 's'.repeat(32) } },
      storage: { filesystem: { rootdirectory: join(home, 'registry') } },
    };
  });
  after(async () => {
    taken.close();
    await held.disposeAsync();
  });

  async function refusalOf(more: object): Promise<Error> {
    const path = join(home, 'config.yml');
    await writeFile(path, stringify({ ...base, ...more }));
    return serve(path, PARTS).then(
      () => expect.fail('it started'),
      (error: unknown) => error as Error,
    );
  }

  const token = { realm: 'https://registry.example.org/auth/token', service: 's', issuer: 'i' };
  const ports: readonly (readonly [key: string, more: (address: string) => object])[] = [
    ['http.addr', (addr) => ({ http: { addr } })],
    ['http.debug.addr', (addr) => ({ http: { addr: '127.0.0.1:0', debug: { addr } } })],
    ['promotion.http.addr', (addr) => ({ promotion: { candidates: ['candidate/**'], http: { addr } } })],
    ['token.http.addr', (addr) => ({ auth: { token }, token: { http: { addr } } })],
    [
      'mirrors.0.serve',
      (addr) => ({
        promotion: { candidates: ['candidate/**'] },
        mirrors: [
          {
            name: 'demo',
            url: 'https://demo.example.net',
            write: { directory: join(home, 'mirror') },
            serve: addr,
          },
        ],
      }),
    ],
  ];
  for (const [key, more] of ports)
    it(`names ${key} when another process listens there`, async () => {
      const error = await refusalOf(more(address));
      expect(error).to.be.instanceOf(OperatorError);
      const variable = `REGISTRY_${key.toUpperCase().replaceAll('.', '_')}`;
      expect(error.message).to.equal(
        `${key} = ${address}: another process already listens there: stop it, or choose another port, by ${key} in ` +
          `the configuration file or by the variable ${variable} (EADDRINUSE)`,
      );
    });

  it('names the key that gives a process a debug address of its own', async () => {
    const path = join(home, 'config.yml');
    const http = {
      addr: '127.0.0.1:0',
      secret: '8d1f0c6be2a94735b0e7c85d21f3a694',
      debug: { addr: address },
    };
    await writeFile(
      path,
      stringify({
        ...base,
        http,
        auth: { token },
        token: {},
        accounts: [{ htpasswd: { path: '/dev/null' } }],
      }),
    );
    const error = await serve(path, ['token']).then(
      () => expect.fail('it started'),
      (refusal: unknown) => refusal as Error,
    );
    expect(error.message).to.equal(
      `http.debug.addr = ${address}: another process already listens there: stop it, or choose another port, by ` +
        'http.debug.addrs.token in the configuration file or by the variable REGISTRY_HTTP_DEBUG_ADDRS_TOKEN (EADDRINUSE)',
    );
  });

  it('names an address that this machine does not have, and a port that this user may not use', async () => {
    const http = { addr: '192.0.2.1:5000', trustedproxies: ['192.0.2.0/24'] };
    const { message } = await refusalOf({ http, auth: 'none' });
    expect(message).to.match(
      /^http\.addr = 192\.0\.2\.1:5000: this machine does not have that address.*EADDRNOTAVAIL/,
    );
    // As root, every port can be had.
    const denied = listenError(
      Object.assign(new Error('x'), { code: 'EACCES' }),
      { key: 'http.addr' },
      { host: '::', port: 80 },
    );
    expect(String(denied)).to.match(/http\.addr = \[::\]:80: this user may not listen there/);
    const ours = new Error('a fault');
    expect(listenError(ours, { key: 'http.addr' }, { host: '', port: 1 })).to.equal(ours);
  });

  it('names the endpoint of a store that cannot be reached', async function () {
    this.timeout(60_000);
    const endpoint = `127.0.0.1:${await freePort()}`;
    const s3 = { region: 'r', bucket: 'b', accesskey: 'a', secretkey: 'hunter2' };
    const error = await refusalOf({ storage: { s3: { ...s3, regionendpoint: `http://${endpoint}` } } });
    expect(error).to.be.instanceOf(OperatorError);
    expect(error.message).to.match(
      /^storage\.s3\.regionendpoint = http:.* not reached: ECONNREFUSED: expected/,
    );
    expect(error.message).to.not.include('hunter2');
    const authurl = `http://${endpoint}/v3`;
    const swift = { authurl, username: 'u', password: 'hunter2', tenant: 't', container: 'c' };
    const unreached = await refusalOf({
      storage: { swift },
      redis: { addr: `127.0.0.1:${await freePort()}` },
    });
    expect(unreached).to.be.instanceOf(StoreUnavailableError);
    expect(unreached.message).to.match(/storage\.swift\.authurl = http:.*ECONNREFUSED.*expected the URL/);
    expect(unreached.message).to.not.include('hunter2');
  });

  it('is reported on one line by the command, with exit code 1, or 78 (EX_CONFIG) by a service that no restart mends', async function () {
    this.timeout(30_000);
    const path = join(home, 'cli.yml');
    await writeFile(path, stringify({ ...base, http: { addr: address } }));
    const outcomes = [
      [['api', path], /^http\.addr = .*EADDRINUSE\)\n$/, 1],
      [['token', path], /^the token service has nothing to do: .*\n$/, 78],
      [['serve', '/none.yml'], /^\/none\.yml cannot be used:\n {2}it cannot be read \(ENOENT\).*\n$/, 78],
      [
        ['audit'],
        /^roadstead audit: there is no configuration at \/none\.yml: name a file, such as: roadstead audit infra\/roadstead\.yml\n$/,
        1,
      ],
    ] as const;
    await Promise.all(
      outcomes.map(async ([args, told, exitCode]) => {
        const { code, stderr } = await run(process.execPath, [...CLI, ...args], {
          allowFailure: true,
          env: { REGISTRY_CONFIGURATION_PATH: '/none.yml' },
        });
        expect(stderr).to.match(told);
        expect(code).to.equal(exitCode);
      }),
    );
  });
});
