import { readHtpasswd } from '../accounts/htpasswd/read.ts';
import { openAccounts, openBrowserLogin } from '../accounts/open.ts';
import { createApi } from '../api/app.ts';
import { API_MEMORY_READS, type ApiMemory, openApiMemory } from '../api/memory.ts';
import { accessRulesOf, promotionPolicyOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import type { ServiceParts } from '../http/service.ts';
import type { KeyRing } from '../registry/access/keys/key-ring.ts';
import { createRelease } from '../release/app.ts';
import { openReleaseMemory, type ReleaseMemory } from '../release/memory.ts';
import { createToken } from '../token/app.ts';
import { openAccess, startSigner } from './access.ts';
import { problemsOfFiles } from './files.ts';
import type { Part } from './parts.ts';
import type { PortUser } from './ports.ts';
import type { Generation } from './reload/generation.ts';
import { type Foundation, openShared } from './shared.ts';
import { version } from './version.ts';

/** What is wrong with the files that a configuration names and these processes read; a line each. */
export function fileProblems(config: Config, parts: readonly Part[]): Promise<string[]> {
  return problemsOfFiles(config, parts, readHtpasswd);
}

/** What services are made of, besides a configuration. */
export interface ServicesGiven {
  readonly parts: readonly Part[];
  readonly foundation: Foundation;
  /** Called when an event was queued for an endpoint of notifications. */
  readonly queued: (endpoint: string) => void;
  /** What is wrong with what this process works with, a line each. */
  readonly problems: () => readonly string[];
}

/** The services of one configuration. */
export interface Services {
  readonly users: readonly PortUser[];
  /** Gives what outlives a configuration the settings of this one. Does not fail. */
  adjust(): void;
}

/** Makes the services with a port, as far as they are asked for and configured; `generation` holds their parts. */
export async function openServices(
  given: ServicesGiven,
  config: Config,
  generation: Generation,
): Promise<Services> {
  const { parts, foundation, problems, queued } = given;
  const { objects, logger, limits } = foundation;
  const accountsOf = (htpasswd: { readonly path: string }) =>
    openAccounts([{ htpasswd }], { objects, logger });
  const access = await openAccess({ config, objects, logger, limits, accountsOf }, generation);
  const { authenticator, routes, ring } = access;
  const shared = await openShared(config, foundation, authenticator, generation, queued);
  const users: PortUser[] = [];
  let api: ApiMemory | undefined;
  if (parts.includes('api')) {
    api = await generation.use('api', API_MEMORY_READS, () => openApiMemory(config, shared));
    users.push({ name: 'api', path: '', own: undefined, service: createApi(config, shared, api, routes) });
  }
  const policy = promotionPolicyOf(config);
  let release: ReleaseMemory | undefined;
  if (policy && parts.includes('release')) {
    release = await generation.use('release', [], () => openReleaseMemory(config, shared));
    const service = createRelease(config, shared, release, { policy, version, problems });
    users.push({ name: 'release', path: '/api/', own: config.promotion?.http, service });
  }
  if (ring && parts.includes('token')) users.push(await openToken(given, config, shared, ring, generation));
  return {
    users,
    adjust() {
      api?.board.use(config.mirrors);
      release?.adjust(config);
    },
  };
}

async function openToken(
  { foundation }: ServicesGiven,
  config: Config,
  shared: ServiceParts,
  ring: KeyRing,
  generation: Generation,
): Promise<PortUser> {
  const { objects, logger, limits } = foundation;
  const login = await generation.use('login', ['accounts'], async () => {
    const opened = await openBrowserLogin(config.accounts, { logger });
    return { opened, [Symbol.asyncDispose]: async () => opened?.[Symbol.asyncDispose]() };
  });
  const service = createToken(config, shared, {
    ...{ logins: limits.logins, rules: accessRulesOf(config), browserLogin: login.opened },
    accounts: await generation.use('accounts', ['accounts'], () =>
      openAccounts(config.accounts, { objects, logger }),
    ),
    signer: await generation.use(
      'signer',
      ['token.algorithm', 'token.key', 'token.certificate', 'token.lifetime', 'token.keylifetime'],
      () => startSigner({ config, objects, logger }, ring, shared.audit),
    ),
  });
  return { name: 'token', path: '/auth/', own: config.token?.http, service };
}
