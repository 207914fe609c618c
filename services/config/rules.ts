import { randomBytes } from 'node:crypto';
import { AccessRules } from '../registry/access/rules.ts';
import { STANDARD_RULES } from '../registry/access/standard-rules.ts';
import { Sealer } from '../registry/audit/seal.ts';
import type { ManifestRules } from '../registry/oci/manifest-rules.ts';
import type { PromotionPolicy } from '../registry/publishing/promotion/policy.ts';
import { SecretBox } from '../registry/storage/secret-box.ts';
import { isOfThisMachine } from './reach.ts';
import type { Config } from './schema.ts';

/** What the configuration asks of pushed manifests, in the registry's words. */
export function manifestRulesOf({ validation: { manifests } }: Config): ManifestRules {
  const { platforms, platformlist } = manifests.indexes;
  return { indexes: platforms === 'list' ? platformlist : platforms, urls: manifests.urls };
}

/** Which repositories change only by promotion; undefined in a plain registry. */
export function promotionPolicyOf(config: Config): PromotionPolicy | undefined {
  const { promotion } = config;
  return (
    promotion && {
      ...{ candidates: promotion.candidates, stable: promotion.stable },
      manifests: manifestRulesOf(config),
    }
  );
}

/** Who may do what: the section `access`, and the standard rules where it has none. */
export function accessRulesOf({ access, promotion }: Omit<Config, 'notices'>): AccessRules {
  return new AccessRules({
    rules: access?.rules ?? STANDARD_RULES,
    groups: access?.groups ?? new Map(),
    candidates: promotion?.candidates,
    stable: promotion?.stable,
  });
}

/** Whether changes of state are recorded: where there are accounts, unless the configuration says something else. */
export function isAudited({ audit, auth }: Config): boolean {
  return audit.enabled ?? Boolean(auth?.token ?? auth?.htpasswd);
}

/** What seals the audit record, and tells whether a seal is right; undefined without a secret that nobody can guess. */
export function sealerOf({ http }: Config): Sealer | undefined {
  return Sealer.of([http.secret, ...http.oldsecrets]);
}

/** What the keys of tokens are sealed in. */
export function tokenKeysBoxOf(config: Config): SecretBox {
  return new SecretBox(secretsOf(config), 'token keys');
}

/** What refresh tokens are sealed in. */
export function refreshTokensBoxOf(config: Config): SecretBox {
  return new SecretBox(secretsOf(config), 'refresh tokens');
}

/** What seals the logins that browsers have begun. */
export function pendingLoginsBoxOf(config: Config): SecretBox {
  return new SecretBox(secretsOf(config), 'pending logins');
}

/**
 * Seals docker's passes, under a key from `http.secret` of whatever length, which all nodes have. Without a secret each
 * process would accept only its own passes, so passes are off, except on a machine that nobody else reaches.
 */
export function passesBoxOf(config: Config): SecretBox | undefined {
  const { http } = config;
  if (http.secret !== undefined) return new SecretBox(secretsOf(config), 'passes');
  return isOfThisMachine(http) ? new SecretBox([randomBytes(32).toString('hex')], 'passes') : undefined;
}

/** The secret to seal with, then those under which something may still be sealed. */
function secretsOf({ http }: Config): string[] {
  return [...(http.secret === undefined ? [] : [http.secret]), ...http.oldsecrets];
}
