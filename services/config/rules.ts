import type { ManifestRules } from '../registry/manifest-rules.ts';
import type { PromotionPolicy } from '../registry/promotion/policy.ts';
import type { Config } from './schema.ts';

/** What the configuration asks of pushed manifests, in the registry's words. */
export function manifestRulesOf({ validation: { manifests } }: Config): ManifestRules {
  const { platforms, platformlist } = manifests.indexes;
  return { indexes: platforms === 'list' ? platformlist : platforms, urls: manifests.urls };
}

/** Which repositories change only by promotion; undefined in a plain registry. */
export function promotionPolicyOf(config: Config): PromotionPolicy | undefined {
  return config.promotion && { candidates: config.promotion.candidates, manifests: manifestRulesOf(config) };
}
