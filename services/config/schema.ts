import { z } from 'zod';
import { honoured } from './key.ts';
import { AccessSection } from './sections/access.ts';
import { AccountsSection } from './sections/accounts.ts';
import { AuditSection } from './sections/audit.ts';
import { AuthSection } from './sections/auth.ts';
import { GarbageCollectionSection } from './sections/garbage-collection.ts';
import { HttpSection } from './sections/http.ts';
import { LimitsSection } from './sections/limits.ts';
import { LogLevel, LogSection } from './sections/log.ts';
import { MiddlewareSection } from './sections/middleware.ts';
import { MirrorsSection } from './sections/mirrors.ts';
import { NotificationsSection } from './sections/notifications.ts';
import { CatalogSection, TagsSection } from './sections/pages.ts';
import { PromotionSection } from './sections/promotion.ts';
import { RedisSection } from './sections/redis.ts';
import { StorageSection } from './sections/storage.ts';
import { SyncSection } from './sections/sync.ts';
import { TokenSection } from './sections/token.ts';
import {
  CompatibilitySection,
  HealthSection,
  PolicySection,
  ProxySection,
  ReportingSection,
} from './sections/unsupported.ts';
import { ValidationSection } from './sections/validation.ts';

/** Everything that a configuration file may hold: CNCF Distribution's sections, then ours. A folder's file has each. */
export const FileSchema = z.strictObject({
  version: honoured(
    z.union([z.literal(0.1), z.literal('0.1')], 'expected 0.1'),
    'the format of the file; 0.1 is the only one',
    { example: 0.1 },
  ),
  log: LogSection,
  loglevel: LogLevel,
  catalog: CatalogSection,
  tags: TagsSection,
  storage: StorageSection,
  http: HttpSection,
  auth: AuthSection.optional(),
  middleware: MiddlewareSection,
  notifications: NotificationsSection,
  redis: RedisSection.optional(),
  health: HealthSection,
  proxy: ProxySection,
  validation: ValidationSection,
  policy: PolicySection,
  reporting: ReportingSection,
  compatibility: CompatibilitySection,
  token: TokenSection.optional(),
  accounts: AccountsSection,
  access: AccessSection,
  audit: AuditSection,
  limits: LimitsSection,
  garbagecollection: GarbageCollectionSection,
  promotion: PromotionSection.optional(),
  mirrors: MirrorsSection,
  sync: SyncSection,
});

/** {@link FileSchema} without the sections that change nothing, and the secrets in them. */
export const ConfigSchema = FileSchema.transform((file) => {
  const { loglevel, log, middleware: _1, health: _2, proxy: _3, policy: _4, ...rest } = file;
  const { reporting: _5, compatibility: _6, ...config } = rest;
  const { level, formatter, fields, accesslog } = log;
  return { ...config, log: { level: level ?? loglevel ?? ('info' as const), formatter, fields, accesslog } };
});

/** A well-formed configuration, before its warnings are known. */
export type Settings = z.output<typeof ConfigSchema>;

export interface Config extends Settings {
  /** Warnings for the start, a line each: what the file asks for and does not get, or can hardly mean. */
  readonly notices: readonly string[];
}
export type MirrorConfig = Config['mirrors'][number];
