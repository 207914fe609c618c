import { z } from 'zod';
import { isNetwork } from '../registry/access/networks.ts';
import { isMirrorName, type MirrorName } from '../registry/oci/names.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../registry/oci/repository-pattern.ts';

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

/** A network such as `192.0.2.0/24`. */
export const Cidr = z.string().refine(isNetwork, 'expected a network such as 192.0.2.0/24 or 2001:db8::/32');

/** The words that Go's YAML takes for booleans, besides YAML's own. */
const SWITCHES: Readonly<Record<string, boolean>> = {
  ...{ yes: true, on: true, y: true },
  ...{ no: false, off: false, n: false },
};

/** A boolean, as Go's YAML reads one: `yes` and `off` are some. */
export const Switch = z.preprocess(
  (value) => (typeof value === 'string' ? (SWITCHES[value.toLowerCase()] ?? value) : value),
  z.boolean(),
);

/** What {@link Switch} makes of a value; undefined when that is no boolean. */
export function switchOf(value: unknown): boolean | undefined {
  return Switch.safeParse(value).data;
}

/** A scalar that is meant as text: Go's YAML takes `1` and `true` for it, too. */
export const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** A whole number from `min` to `max`. */
export function Count(min: number, max: number) {
  return z.int().min(min).max(max);
}

/** As {@link Count}; 0 and less stand for what Distribution stands for when nothing is set. */
export function CountOr(fallback: number, max: number) {
  return z
    .int()
    .max(max)
    .default(fallback)
    .transform((count) => (count <= 0 ? fallback : count));
}

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

/** As {@link BaseUrl}, letter by letter as it stands: a provider's name is compared, and some end in a slash. */
export const IssuerUrl = z.string().refine((text) => BaseUrl.safeParse(text).success, {
  error: 'expected the issuer as the provider spells it, such as https://login.example.net/realms/people',
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
