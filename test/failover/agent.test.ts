/** Promise: a cluster manager that calls the OCF agent moves the registry, with its images, from one node to another. */
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import type { ImageLayout } from '../support/image-layout.ts';
import type { Machine } from '../support/machines/machine.ts';
import { MACHINES_TIMEOUT_MS, openPark, requiresMachines } from '../support/machines/park.ts';
import { run } from '../support/process.ts';
import { bringImage, installPackage, pulledDigest, SLOW_MS, useRegistry } from '../units/installed.ts';
import { makeSharedDisk, type SharedDisk } from './shared-disk.ts';

const AGENT = '/usr/lib/ocf/resource.d/roadstead/registry';
const OPENSVC = '/usr/share/roadstead/opensvc/registry';
const STORE = '/var/lib/roadstead';
/** Exit codes of OCF 1.1. */
const [SUCCESS, GENERIC, UNIMPLEMENTED, INSTALLED, CONFIGURED, NOT_RUNNING] = [0, 1, 3, 5, 6, 7];
const ENVIRONMENT = {
  OCF_ROOT: '/usr/lib/ocf',
  OCF_RESOURCE_INSTANCE: 'registry',
  HA_RSCTMP: '/run/resource-agents',
};

requiresMachines(['dpkg-deb', 'dpkg-shlibdeps', 'losetup', 'mkfs.ext4', 'xmllint'])(
  'the OCF agent',
  function () {
    this.timeout(MACHINES_TIMEOUT_MS);
    const held = new AsyncDisposableStack();
    let disk: SharedDisk;
    let first: Machine;
    let second: Machine;
    let image: ImageLayout;

    before(async () => {
      const { deb } = await artifacts(['deb']);
      disk = held.use(await makeSharedDisk());
      const park = held.use(await openPark(['first', 'second'], { packages: ['skopeo'] }));
      ({ first, second } = park.machines);
      for (const machine of [first, second]) {
        await installPackage(machine, deb);
        // The cluster manager starts it, not systemd.
        await machine.script(`systemctl disable --now -q roadstead; rm -rf ${STORE}/*`);
      }
      image = await bringImage(first);
      await disk.mount(first, STORE);
      await first.run('chown', ['roadstead:roadstead', STORE]);
    });
    after(() => held.disposeAsync());

    async function act(machine: Machine, action: string, parameters: Readonly<Record<string, string>> = {}) {
      const named = Object.entries(parameters).map(([name, value]) => [`OCF_RESKEY_${name}`, value]);
      const { code, stderr } = await machine.run(AGENT, [action], {
        ...{
          env: { ...ENVIRONMENT, ...Object.fromEntries(named) },
          allowFailure: true,
          timeoutMs: 2 * SLOW_MS,
        },
      });
      return { code, stderr };
    }
    const codeOf = async (...args: Parameters<typeof act>) => (await act(...args)).code;
    const checkOf = async (machine: Machine) =>
      (await machine.run(OPENSVC, ['check'], { allowFailure: true, env: { ...ENVIRONMENT } })).code;
    const pidOn = async (machine: Machine) =>
      (await machine.script('cut -d " " -f 1 /run/resource-agents/roadstead-registry.pid')).stdout.trim();

    it('describes itself as the schema of resource agents says', async () => {
      const { stdout } = await first.run(AGENT, ['meta-data']);
      const path = first.path('/root/meta-data.xml');
      await first.write('/root/meta-data.xml', stdout.replace(/<!DOCTYPE.*\n/, ''));
      const schema = '/usr/share/resource-agents/metadata.rng';
      const { stderr } = await run('xmllint', ['--noout', '--relaxng', schema, path]);
      expect(stderr).to.include('validates');
      expect(await codeOf(first, 'no-such-action')).to.equal(UNIMPLEMENTED);
    });

    it('starts it on one node only, and both actions may come twice', async () => {
      expect(await codeOf(first, 'monitor')).to.equal(NOT_RUNNING);
      expect(await codeOf(first, 'stop')).to.equal(SUCCESS);
      expect(await codeOf(first, 'validate-all')).to.equal(SUCCESS);
      expect(await codeOf(first, 'start')).to.equal(SUCCESS);
      const pid = await pidOn(first);
      expect(await codeOf(first, 'start')).to.equal(SUCCESS);
      expect(await pidOn(first)).to.equal(pid);
      expect(await codeOf(first, 'monitor')).to.equal(SUCCESS);
      expect(await codeOf(second, 'monitor')).to.equal(NOT_RUNNING);
      expect([await checkOf(first), await checkOf(second)]).to.deep.equal([0, 1]);
      await useRegistry(first, image);
    });

    it('reloads it, and its process stays', async () => {
      const pid = await pidOn(first);
      expect(await codeOf(first, 'reload-agent')).to.equal(SUCCESS);
      expect(await codeOf(first, 'monitor')).to.equal(SUCCESS);
      expect(await pidOn(first)).to.equal(pid);
    });

    it('finds a process that hangs', async () => {
      const pid = await pidOn(first);
      await first.run('kill', ['-STOP', pid]);
      expect(await codeOf(first, 'monitor')).to.equal(GENERIC);
      expect(await checkOf(first)).to.equal(2);
      await first.run('kill', ['-CONT', pid]);
      expect(await codeOf(first, 'monitor')).to.equal(SUCCESS);
    });

    it('finds that it was killed; another node starts it over the same directory, with every image', async () => {
      await first.run('kill', ['-9', await pidOn(first)]);
      expect(await codeOf(first, 'monitor')).to.equal(NOT_RUNNING);
      expect(await codeOf(first, 'stop')).to.equal(SUCCESS);
      await disk.unmount(first, STORE);
      await disk.mount(second, STORE);
      expect(await codeOf(second, 'start')).to.equal(SUCCESS);
      expect(await pulledDigest(second)).to.equal(image.digests.multi);
      expect(await codeOf(first, 'monitor')).to.equal(NOT_RUNNING);
    });

    it('stops it within the time of the manager, even one that hangs, so that it can move back', async () => {
      await second.run('kill', ['-STOP', await pidOn(second)]);
      expect(await codeOf(second, 'stop', { CRM_meta_timeout: '12000' })).to.equal(SUCCESS);
      await disk.unmount(second, STORE);
      await disk.mount(first, STORE);
      expect(await codeOf(first, 'start')).to.equal(SUCCESS);
      expect(await pulledDigest(first)).to.equal(image.digests.multi);
      expect(await codeOf(first, 'stop')).to.equal(SUCCESS);
      expect(await codeOf(first, 'monitor')).to.equal(NOT_RUNNING);
    });

    it('distinguishes a wrong configuration, a missing one and a missing program', async () => {
      await first.write('/root/wrong.yml', 'version: 0.1\nstorage: {}\n');
      const wrong = await act(first, 'start', { config: '/root/wrong.yml' });
      expect(wrong.code).to.equal(CONFIGURED);
      expect(wrong.stderr).to.include('storage');
      expect(await codeOf(first, 'validate-all', { config: '/root/wrong.yml' })).to.equal(CONFIGURED);
      expect(await codeOf(first, 'validate-all', { part: 'everything' })).to.equal(CONFIGURED);
      expect(await codeOf(first, 'start', { config: '/root/missing.yml' })).to.equal(INSTALLED);
      expect(await codeOf(first, 'start', { binary: '/opt/missing' })).to.equal(INSTALLED);
      expect(await codeOf(first, 'start', { user: 'nobody-has-this-name' })).to.equal(INSTALLED);
    });
  },
);
