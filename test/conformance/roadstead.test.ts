/**
 * Promise: Roadstead is a registry as the OCI distribution specification has it: the newest release, 1.1, and the
 * main branch that becomes the next.
 */
import { type RegistryOptions, startRegistry, type TestRegistry } from '../support/registry.ts';
import { defineTests, type Group } from './check.ts';
import { Client } from './client.ts';
import { dataSetChecks } from './data-set-checks.ts';
import { sparseIndex } from './data-sets.ts';
import type { Profile } from './profile.ts';
import { conformance } from './suite.ts';

const known: Omit<Profile, 'version'> = {
  // Bytes lie under their SHA-256; which of them have another name is known to the repositories alone.
  mountsFromAnywhere: ['sha256'],
  // Distribution's, which clients know: the specification's list has nothing for a wrong range or page.
  ownErrorCodes: ['RANGE_INVALID', 'PAGINATION_NUMBER_INVALID'],
};
const PROFILES: readonly Profile[] = [
  { version: '1.1', ...known },
  { version: 'dev', ...known },
];

/** Suites against a registry of their own. */
function held(options: RegistryOptions, profile: Profile, all: Group): void {
  describe('Roadstead', () => {
    let registry: TestRegistry;
    let client: Client;
    before(async () => {
      registry = await startRegistry({ promotion: false, delete: true, ...options });
      client = new Client(registry.url);
    });
    after(async () => {
      await client[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    });

    defineTests(all, () => ({ client, profile }));
  });
}

for (const profile of PROFILES) held({}, profile, conformance(profile));

// A registry MAY reject manifests that name what it lacks; Distribution's setting has it take such indexes.
const takesSparse: RegistryOptions = {
  config: (config) => ({ ...config, validation: { manifests: { indexes: { platforms: 'none' } } } }),
};
held(takesSparse, { version: 'dev' }, dataSetChecks(sparseIndex(), 0));
