import { z } from 'zod';
import { isMirrorName, type MirrorName } from '../registry/names.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../registry/repository-pattern.ts';

/** Where a process listens. */
export interface ListenAddress {
  /** Empty for every interface, as Distribution's `:5000` means it. */
  readonly host: string;
  readonly port: number;
}

const ADDRESS = 'expected host:port, such as 127.0.0.1:5000, :5000 or [::1]:5000';
/** `host:port`, `:port` or `[ipv6]:port`. */
export const Address = z.string(ADDRESS).transform((text, context): ListenAddress => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match && port <= 65535) return { host: match[1] ?? match[2] ?? '', port };
  context.addIssue({ code: 'custom', message: ADDRESS });
  return z.NEVER;
});

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

const DURATION = 'expected a duration such as 30s, 5m or 1h30m';
/** A duration as Go writes it (`90s`, `1h30m`), in milliseconds. */
export const Duration = z.string(DURATION).transform((text, context): number => {
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) {
    let totalMs = 0;
    for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
      totalMs += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
    return totalMs;
  }
  context.addIssue({ code: 'custom', message: DURATION });
  return z.NEVER;
});

/** An http(s) URL without query or trailing slash. */
export const BaseUrl = z.string().transform((text, context): string => {
  const url = URL.parse(text);
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password;
  if (isPlain) return url.href.replace(/\/+$/, '');
  context.addIssue({
    code: 'custom',
    message:
      'expected an http or https URL without user, query or fragment, such as https://mirror.example.net',
  });
  return z.NEVER;
});

/** A pattern of repository names, such as `candidate/**`. */
export const Pattern = z.string().transform((text, context): RepositoryPattern => {
  const pattern = parseRepositoryPattern(text);
  if (pattern) return pattern;
  context.addIssue({
    code: 'custom',
    message:
      'expected a pattern of repository names, such as candidate/** ("*" is one part of a name, "**" any number)',
  });
  return z.NEVER;
});

/** A mirror's name. */
export const MirrorNameValue = z.custom<MirrorName>(
  (value) => typeof value === 'string' && isMirrorName(value),
  {
    error: 'expected lower-case letters, digits and inner dashes, at most 64',
  },
);
