/** Promise: the collection is what ansible-lint demands for production, its documents are true, and its templates are the files of infra/. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { readDocument, readRoles, writeTables } from './docs-table.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COLLECTION = join(ROOT, 'ansible');
const PLAYBOOKS = readdirSync(join(COLLECTION, 'playbooks'));
const INVENTORIES = readdirSync(join(COLLECTION, 'inventories'));
const env = { LANG: 'C.UTF-8', ANSIBLE_NOCOLOR: '1', ANSIBLE_ROLES_PATH: join(COLLECTION, 'roles') };

describe('the documents of the collection', () => {
  it('have a table of all variables', () => {
    expect(readDocument().tables).to.equal(writeTables());
  });

  for (const { name, options, defaults } of readRoles())
    it(`state the defaults of ${name}`, () => {
      const described = Object.entries(options).filter(([variable]) => variable in defaults);
      expect(Object.keys(defaults).filter((variable) => !(variable in options))).to.deep.equal([]);
      for (const [variable, option] of described) {
        const { required, default: standard, type } = option;
        const isInWords = typeof standard === 'string' && / /.test(standard) && !standard.includes('{');
        if (!required && !isInWords && standard !== undefined && type !== 'dict')
          expect(standard, variable).to.deep.equal(defaults[variable]);
      }
    });
});

requires(['ansible-playbook', 'ansible-lint'])('the collection', function () {
  this.timeout(180_000);

  it('passes ansible-lint with the profile for production', async () => {
    const { code, stdout, stderr } = await run(
      'ansible-lint',
      ['--offline', '--profile', 'production', '--strict'],
      {
        ...{ env, cwd: COLLECTION, allowFailure: true, timeoutMs: 170_000 },
      },
    );
    expect(code, stdout + stderr).to.equal(0);
  });

  for (const playbook of PLAYBOOKS)
    it(`has the syntax of Ansible: ${playbook}`, () => checkSyntax(playbook, 'three-nodes-s3'));
  for (const inventory of INVENTORIES)
    it(`has inventories that can be read: ${inventory}`, async () => {
      await checkSyntax('site.yml', inventory);
      const secrets = readFileSync(
        join(COLLECTION, `inventories/${inventory}/group_vars/all/secrets.yml`),
        'utf8',
      );
      const values = [...secrets.matchAll(/^vault_\w+: (.*)$/gm)].map(([, value]) => value);
      expect(new Set(values), 'no secret is in the project').to.deep.equal(new Set(['CHANGE-ME']));
    });

  for (const [template, original] of [
    ['front/templates/nginx.conf.j2', 'front/nginx.conf'],
    ['front/templates/haproxy.cfg.j2', 'front/haproxy.cfg'],
    ['mirror/templates/nginx.conf.j2', 'mirror/nginx.conf'],
    ['mirror/templates/apache2.conf.j2', 'mirror/httpd.conf'],
  ] as const)
    it(`makes of the same values what infra/${original} is`, async () => {
      await using home = await tempDir('template');
      const made = join(home.path, 'made');
      const source = join(COLLECTION, 'roles', template);
      await run(
        'ansible',
        [
          ...['localhost', '--connection', 'local', '--module-name', 'ansible.builtin.template'],
          ...['--args', `src=${source} dest=${made} mode=0644`, '--extra-vars', JSON.stringify(VALUES)],
        ],
        { env: { ...env, HOME: home.path, ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3' } },
      );
      const directives = async (path: string) =>
        (await readFile(path, 'utf8'))
          .split('\n')
          .map((line) => line.replace(/(^|\s)#.*/, '').trim())
          .filter((line) => line !== '');
      expect(await directives(made)).to.deep.equal(await directives(join(ROOT, 'infra', original)));
    });
});

/** Those of the files in infra/. */
const VALUES = {
  roadstead_front_nodes: ['10.0.0.11:5000', '10.0.0.12:5000'],
  roadstead_front_tokens: ['10.0.0.11:5003', '10.0.0.12:5003'],
  roadstead_front_name: 'registry.example.net',
  roadstead_front_host: 'registry.example.net',
  roadstead_front_listen: '443',
  roadstead_front_token_listen: '',
  roadstead_front_balance: 'address',
  roadstead_mirror_name: 'mirror.example.org',
  roadstead_mirror_listen: '8080',
  roadstead_mirror_certificate: '',
  roadstead_mirror_directory: '/srv/mirror',
  roadstead_mirror_origin: 'https://registry.example.org',
  roadstead_mirror_write_listen: '127.0.0.1:8081',
  roadstead_mirror_write_clientca: '',
  roadstead_mirror_requests_per_second: 0,
};

async function checkSyntax(playbook: string, inventory: string): Promise<void> {
  const { code, stderr } = await run(
    'ansible-playbook',
    ['--syntax-check', '--inventory', `inventories/${inventory}`, `playbooks/${playbook}`],
    { env, cwd: COLLECTION, allowFailure: true },
  );
  expect(code, stderr).to.equal(0);
}
