import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import { Hasher } from '../../services/accounts/htpasswd/hasher.ts';
import { HtpasswdSource } from '../../services/accounts/htpasswd/htpasswd-source.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { eventually } from '../support/eventually.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { identityOf, recordingLog } from './accounts.ts';

const line = (name: string, password: string, cost = 4) => `${name}:${hashSync(password, cost)}\n`;

describe('accounts of an htpasswd file', () => {
  let home: TempDir;
  let path: string;
  let log: ReturnType<typeof recordingLog>;
  let hasher: Hasher;
  let source: HtpasswdSource | undefined;
  const open = async (text: string) => {
    await writeFile(path, text);
    source = await HtpasswdSource.open({ path, logger: log, hasher });
    return source;
  };
  const ask = async (username: string, password: string) =>
    (await source?.authenticate({ username, password }))?.outcome;
  /** As an editor does it: the file is whole at any time. */
  const replace = async (text: string) => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };

  beforeEach(async () => {
    home = await tempDir('htpasswd');
    path = join(home.path, 'htpasswd');
    log = recordingLog();
    hasher = new Hasher();
  });
  afterEach(async () => {
    await source?.[Symbol.asyncDispose]();
    source = undefined;
    await hasher[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  it('are known by name and password, and by nothing else', async () => {
    await open(`# people\n\n${line('alice', 'wonder: land')}${line('bob', 'builds')}`);
    const answer = await source?.authenticate({ username: 'alice', password: 'wonder: land' });
    expect(answer && identityOf(answer)).to.deep.equal({
      ...{ kind: 'user', name: 'alice', groups: [], memberships: [] },
    });
    for (const [name, password] of [
      ['alice', 'builds'],
      ['alice', 'wonder: land '],
      ['alice', 'wonder: land\0'],
      // bcrypt repeats what it hashes, with a NUL after each.
      ['alice', 'wonder: land\0wonder: land'],
      ['Alice', 'wonder: land'],
      ['carol', 'builds'],
      ['# people', ''],
    ] as const)
      expect(await ask(name, password), `${name} ${password}`).to.equal('unknown');
  });

  it('may be written by Apache, PHP and others: $2y$, $2a$, $2b$, lines that end as on Windows', async () => {
    const hash = hashSync('same', 4).slice(4);
    await open(`\u{feff}y:$2y$${hash}\r\na:$2a$${hash}\r\nb:$2b$${hash}`);
    for (const name of ['y', 'a', 'b']) expect(await ask(name, 'same'), name).to.equal('known');
  });

  for (const [what, text, expected] of [
    [
      'a hash that is not bcrypt',
      `${line('a', 'b')}bob:$apr1$x$0123456789\n`,
      'line 2: expected a bcrypt hash for bob',
    ],
    ['a plain password', 'bob:secret', 'line 1: expected a bcrypt hash for bob'],
    ['no colon', 'bob', 'line 1: expected NAME:HASH'],
    ['no name', `:${hashSync('x', 4)}`, 'line 1: expected NAME:HASH'],
    ['a robot', line('robot+ci', 'x'), 'line 1: names that begin with robot+'],
    ['a name twice', line('a', 'b') + line('c', 'd') + line('a', 'e'), 'line 3: expected a once; line 1'],
    ['a cost of hours', `a:$2b$31$${'a'.repeat(53)}`, 'line 1: expected a bcrypt cost from 4 to 16'],
  ] as const)
    it(`refuses ${what}, naming the line and not the secret`, async () => {
      const error = await open(text).then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error?.message).to.contain(`${path}: ${expected}`).and.not.contain('secret');
    });

  it('says which file is missing', async () => {
    const error = await HtpasswdSource.open({ path, logger: log }).catch((reason: Error) => reason);
    expect((error as Error).message)
      .to.contain(path)
      .and.contain('ENOENT');
  });

  it('follow the file: a new password, a new name, a name that went', async () => {
    await open(line('alice', 'old') + line('bob', 'builds'));
    expect(await ask('alice', 'old')).to.equal('known');
    expect(await ask('bob', 'builds')).to.equal('known');
    await replace(line('alice', 'new') + line('carol', 'sings'));
    await eventually('the new password holds', async () => (await ask('alice', 'new')) === 'known');
    expect(await ask('alice', 'old'), 'the old password').to.equal('unknown');
    expect(await ask('bob', 'builds'), 'who went').to.equal('unknown');
    expect(await ask('carol', 'sings'), 'who came').to.equal('known');
  });

  it('stay what they were while the file is broken or missing, and say so once', async () => {
    await open(line('alice', 'pw'));
    await replace('alice:oops\n');
    await eventually('it is told', async () => {
      expect(await ask('alice', 'pw')).to.equal('known');
      return log.lines.some((text) => text.includes('line 1: expected a bcrypt hash'));
    });
    await rm(path);
    await eventually('it is told', async () => {
      expect(await ask('alice', 'pw')).to.equal('known');
      return log.lines.some((text) => text.includes('ENOENT'));
    });
    expect(log.lines.filter((text) => text.startsWith('error'))).to.have.lengthOf(2);
    await replace(line('alice', 'back'));
    await eventually('the mended file holds', async () => (await ask('alice', 'back')) === 'known');
  });

  it('cost one hash each time they are wrong, whether there is such a name or not', async () => {
    await open(line('alice', 'pw', 5) + line('bob', 'pw', 5));
    for (const [username, password] of [
      ['alice', 'wrong'],
      ['nobody', 'wrong'],
      ['nobody', 'wrong'],
      ['x'.repeat(1000), 'wrong'],
      ['nobody', 'pw\0'],
      ['alice', 'pw\0'],
    ] as const) {
      const before = hasher.count;
      expect(await ask(username, password)).to.equal('unknown');
      expect(hasher.count - before, username.slice(0, 10)).to.equal(1);
    }
  });

  it('cost one hash for many who ask for the same at once, and none for a minute after that', async () => {
    await open(line('alice', 'pw', 8));
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask('alice', 'pw')));
    expect(new Set(answers)).to.deep.equal(new Set(['known']));
    await ask('alice', 'pw');
    expect(hasher.count).to.equal(1);
  });

  it('turn guessers away when too many wait, and serve again after that', async () => {
    await open(line('alice', 'pw', 8));
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        ask('alice', `guess ${i}`).catch((error: unknown) =>
          error instanceof RegistryError ? error.kind : String(error),
        ),
      ),
    );
    expect(answers.filter((answer) => answer === 'TOO_MANY_REQUESTS')).to.have.length.above(250);
    expect(answers.filter((answer) => answer === 'unknown')).to.have.length.within(20, 50);
    expect(await ask('alice', 'pw')).to.equal('known');
  });

  it('can be asked for again without the password until that changes', async () => {
    await open(line('alice', 'pw'));
    const answer = await source?.authenticate({ username: 'alice', password: 'pw' });
    const seed = answer?.outcome === 'known' ? answer.refresh : undefined;
    if (!seed || !source) throw new Error('no seed');
    expect((await source.refresh(seed)).outcome).to.equal('known');
    expect((await source.refresh({ ...seed, value: seed.value.replace('alice', 'bob') })).outcome).to.equal(
      'unknown',
    );
    expect((await source.refresh({ ...seed, value: 'alice' })).outcome).to.equal('unknown');
    await replace(line('alice', 'pw'));
    const { refresh } = source;
    await eventually('the seed ends', async () => (await refresh.call(source, seed)).outcome === 'unknown');
  });
});
