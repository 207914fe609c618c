import { z } from 'zod';
import { AccessSection } from './sections/access.ts';
import { AccountsSection } from './sections/accounts.ts';
import { AuditSection } from './sections/audit.ts';
import { AuthSection } from './sections/auth.ts';
import { MiddlewareSection, PolicySection, ProxySection } from './sections/decided.ts';
import { CompatibilitySection, HealthSection, ReportingSection } from './sections/elsewhere.ts';
import { GarbageCollectionSection } from './sections/garbage-collection.ts';
import { HttpSection } from './sections/http.ts';
import { CatalogSection, LimitsSection, TagsSection } from './sections/limits.ts';
import { Level, LogSection } from './sections/log.ts';
import { NotificationsSection } from './sections/notifications.ts';
import { MirrorEntry, PromotionSection } from './sections/promotion.ts';
import { RedisSection, redisSettingsOf } from './sections/redis.ts';
import { StorageSection, storageSettingsOf } from './sections/storage.ts';
import { TokenSection } from './sections/token.ts';
import { ValidationSection } from './sections/validation.ts';

/**
 * What a configuration file may hold when it is to be used: CNCF Distribution's sections and names, and ours:
 * `token`, `accounts`, `access`, `audit`, `limits`, `garbagecollection`, `promotion` and `mirrors`. Keys that are refused whatever they say stand in `catalogue/`, as does what every key does here.
 */
export const FileSchema = z.strictObject({
  version: z.union([z.literal(0.1), z.literal('0.1')], { error: 'expected 0.1' }),
  log: LogSection,
  loglevel: Level.optional(),
  storage: StorageSection,
  http: HttpSection,
  auth: AuthSection,
  middleware: MiddlewareSection,
  catalog: CatalogSection,
  tags: TagsSection,
  notifications: NotificationsSection,
  validation: ValidationSection,
  redis: RedisSection.optional(),
  health: HealthSection,
  proxy: ProxySection,
  policy: PolicySection,
  reporting: ReportingSection,
  compatibility: CompatibilitySection,
  garbagecollection: GarbageCollectionSection,
  promotion: PromotionSection.optional(),
  token: TokenSection.optional(),
  accounts: AccountsSection,
  access: AccessSection,
  audit: AuditSection,
  limits: LimitsSection,
  mirrors: z.array(MirrorEntry).default([]),
});

/** {@link FileSchema}, without what changes nothing, nor any secret that nothing needs. */
export const ConfigSchema = FileSchema.transform((file) => {
  const {
    version,
    log,
    loglevel,
    storage,
    http,
    auth,
    catalog,
    tags,
    notifications,
    validation,
    redis,
    garbagecollection,
    promotion,
    token,
    accounts,
    access,
    audit,
    limits,
    mirrors,
  } = file;
  const { level, formatter, fields, accesslog } = log;
  const { net: _net, http2: _http2, h2c: _h2c, ...listening } = http;
  return {
    ...{ version, catalog, tags, notifications, validation, garbagecollection, promotion, mirrors },
    ...{ token, accounts, access, audit, limits },
    auth: auth && { isNone: auth.none !== undefined, htpasswd: auth.htpasswd, token: auth.token },
    log: { level: level ?? loglevel ?? ('info' as const), formatter, fields, accesslog },
    storage: storageSettingsOf(storage),
    http: listening,
    redis: redis && redisSettingsOf(redis),
  };
});

export interface Config extends z.output<typeof ConfigSchema> {
  /** What the file asks for and does not get, a line each: to be logged as warnings at the start. */
  readonly notices: readonly string[];
}
export type MirrorConfig = Config['mirrors'][number];
