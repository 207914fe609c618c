/** Promise: `config check` reports what every setting does, and whether a file can be used. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MINIMAL, MIRRORED } from './configs.ts';

const COMMAND = new URL('../../services/cli/commands/config-check.ts', import.meta.url).href;

interface Answer {
  readonly code: number;
  readonly out: string;
}

interface Report {
  readonly usable: boolean;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly settings: readonly {
    readonly key: string;
    readonly value?: string;
    readonly variable?: string;
    readonly does: string;
    readonly text: string;
  }[];
}

describe('config check', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roadstead-config-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function check(
    text: string | undefined,
    json: boolean,
    variables: Record<string, string> = {},
  ): Promise<Answer> {
    const path = join(directory, 'config.yml');
    if (text !== undefined) await writeFile(path, text);
    const file = text === undefined ? join(directory, 'none.yml') : path;
    const call = `const { configCheckCommand } = await import(${JSON.stringify(COMMAND)});
      await configCheckCommand(${JSON.stringify(file)}, process.env, { json: ${json} });`;
    return new Promise((resolve) => {
      const options = { env: { ...process.env, ...variables } };
      execFile(process.execPath, ['--input-type=module', '-e', call], options, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out: out + err });
      });
    });
  }

  async function report(
    text: string | undefined,
    variables: Record<string, string> = {},
  ): Promise<Report & { code: number }> {
    const { code, out } = await check(text, true, variables);
    return { ...(JSON.parse(out) as Report), code };
  }

  it('lists the settings of a usable file, and exits with 0', async () => {
    const text = `${MINIMAL}\nredis: {addr: "redis:6379", password: hunter2}\nlog: {level: debug}`;
    const { code, out } = await check(text, false, { REGISTRY_STORAGE_DELETE_ENABLED: 'true' });
    expect(code, out).to.equal(0);
    expect(out).to.match(/^SETTING +VALUE +HERE$/m);
    expect(out).to.match(/^log\.level +"debug" +honoured: the lowest level/m);
    expect(out).to.match(
      /^storage\.delete\.enabled +true \(from REGISTRY_STORAGE_DELETE_ENABLED\) +honoured: manifests/m,
    );
    expect(out).to.match(/^redis\.password +\(not shown\) +honoured: the password of the server/m);
    expect(out).to.match(/config\.yml can be used\n$/);
    expect(out).not.to.include('hunter2');
  });

  it('lists the problems of an unusable file by setting, and exits with 1', async () => {
    const text = `${MINIMAL.replace('5000"', '5000", h2c: {enabled: true}, draintimeout: soon')}\nproxy: {remoteurl: "https://a"}\nadress: 1`;
    const { code, out } = await check(text, false);
    expect(code, out).to.equal(1);
    expect(out).to.match(/^http\.h2c\.enabled +true +refused: HTTP\/2 is not supported/m);
    expect(out).to.match(/^http\.draintimeout +"soon" +refused: .*expected a duration/m);
    expect(out).to.match(/^proxy +… +refused: this version cannot be a cache/m);
    expect(out.match(/^error: /gm)).to.have.length(4);
    expect(out).to.match(/config\.yml cannot be used\n$/);
  });

  it('reports the same in JSON', async () => {
    const { code, usable, settings, problems, warnings } = await report(MIRRORED, {
      REGISTRY_LOG_LEVEL: 'loud',
    });
    expect({ code, usable }).to.deep.equal({ code: 1, usable: false });
    expect(problems).to.have.length(1);
    expect(warnings).to.deep.equal([]);
    expect(settings.find(({ key }) => key === 'log.level')).to.deep.include({
      ...{ value: '"loud"', variable: 'REGISTRY_LOG_LEVEL', does: 'refused' },
    });
    expect(settings.find(({ key }) => key === 'mirrors.0.write.password')).to.deep.include({
      value: '(not shown)',
    });
  });

  it('shows of a webhook’s URL where it leads, and not its path', async () => {
    const url = 'https://hooks.example.net:8443/services/T0/B0/hunter2?a=hunter2';
    const { settings, code } = await report(
      `${MINIMAL}\nnotifications: {endpoints: [{name: a, url: "${url}"}]}`,
    );
    expect(code).to.equal(0);
    expect(settings.find(({ key }) => key === 'notifications.endpoints.0.url')).to.deep.include({
      value: '"https://hooks.example.net:8443/(not shown)"',
    });
  });

  it('reports unsafe settings together with refused ones', async () => {
    const { problems, settings } = await report(`${MINIMAL.replace('127.0.0.1', '')}\nauth: {silly: }`);
    // Plain HTTP, and no credentials are required.
    const keys = problems.map((problem) => problem.split(/[ :]/)[0]);
    expect(keys).to.deep.equal(['auth.silly', 'http.addr', 'http.addr']);
    expect(settings.find(({ key }) => key === 'http.addr')?.does).to.equal('refused');
  });

  it('reports a file that is missing, or is not YAML', async () => {
    for (const text of [undefined, '{', '']) {
      const { code, usable, problems, settings } = await report(text);
      expect({ code, usable, settings }).to.deep.equal({ code: 1, usable: false, settings: [] });
      expect(problems).to.have.length.above(0);
    }
  });
});
