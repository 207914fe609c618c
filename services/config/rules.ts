import { randomBytes } from 'node:crypto';
import { Delegation } from '../registry/access/delegation.ts';
import { AccessRules } from '../registry/access/rules.ts';
import { STANDARD_RULES } from '../registry/access/standard-rules.ts';
import { Sealer } from '../registry/audit/seal.ts';
import type { ManifestRules } from '../registry/oci/manifest-rules.ts';
import type { PromotionPolicy } from '../registry/publishing/promotion/policy.ts';
import { SecretBox } from '../registry/storage/secret-box.ts';
import { isOfThisMachine } from './reach.ts';
import type { Config, Settings } from './schema.ts';

/** The checks of pushed manifests, in the registry's words. */
export function manifestRulesOf({ validation: { manifests } }: Config): ManifestRules {
  const { platforms, platformlist } = manifests.indexes;
  return { indexes: platforms === 'list' ? platformlist : platforms, urls: manifests.urls };
}

/** The repositories that change only by promotion; undefined in a plain registry. */
export function promotionPolicyOf(config: Config): PromotionPolicy | undefined {
  const { candidates, stable } = config.promotion ?? {};
  return candidates && { candidates, stable, manifests: manifestRulesOf(config) };
}

/** The rules of the section `access`, or the standard rules. */
export function accessRulesOf({ access, promotion }: Settings): AccessRules {
  return new AccessRules({
    ...rulesAndGroupsOf(access),
    candidates: promotion?.candidates,
    stable: promotion?.stable,
  });
}

/** What may be given to robots, by these rules. */
export function delegationOf({ access }: Settings): Delegation {
  return new Delegation(rulesAndGroupsOf(access));
}

function rulesAndGroupsOf(access: Settings['access']) {
  return { rules: access?.rules ?? STANDARD_RULES, groups: access?.groups ?? new Map() };
}

/** Whether changes of state are recorded: by default, if there are accounts. */
export function isAudited({ audit, auth }: Config): boolean {
  return audit.enabled ?? Boolean(auth?.token ?? auth?.htpasswd);
}

/** Seals the audit record, and verifies its seals; undefined without a secret that is hard to guess. */
export function sealerOf({ http, audit }: Config): Sealer | undefined {
  return Sealer.of(
    http.secret,
    http.oldsecrets.map((secret, i) => ({ secret, until: audit.oldsecretsuntil[i] })),
  );
}

/** Encrypts what has this purpose, with the secret; decrypts older data with the old secrets, too. */
export function secretBoxOf(
  { http }: Config,
  purpose: 'token keys' | 'refresh tokens' | 'pending logins' | 'passes',
): SecretBox {
  return new SecretBox([...(http.secret === undefined ? [] : [http.secret]), ...http.oldsecrets], purpose);
}

/**
 * Encrypts docker's passes with a key from `http.secret`, which all nodes share; any length will do. Without a secret,
 * each process would accept only its own passes, so passes are off, unless only this machine reaches the registry.
 */
export function passesBoxOf(config: Config): SecretBox | undefined {
  const { http } = config;
  if (http.secret !== undefined) return secretBoxOf(config, 'passes');
  return isOfThisMachine(http) ? new SecretBox([randomBytes(32).toString('hex')], 'passes') : undefined;
}
