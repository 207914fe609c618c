import { z } from 'zod';
import { isNetwork } from '../registry/access/networks.ts';
import { isMirrorName, type MirrorName } from '../registry/oci/names.ts';
import { parseRepositoryPattern } from '../registry/oci/repository-pattern.ts';
import { about, addProblem } from './key.ts';

/** Where a process listens. */
export interface ListenAddress {
  /** Empty for every interface, as Distribution's `:5000` means it. */
  readonly host: string;
  readonly port: number;
}

/** Text that `parse` makes a value of; refused with `expected` where that returns undefined. */
export function Parsed<T>(parse: (text: string) => T | undefined, expected: string, example?: string) {
  // For a missing key, its entry has a better text.
  const error = ({ input }: { input?: unknown }) => (input === undefined ? undefined : expected);
  const type = z.string({ error }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    addProblem(context, [], expected);
    return z.NEVER;
  });
  return about(type, { example });
}

/** `host:port`, `:port` or `[ipv6]:port`. */
export const Address = Parsed(
  (text): ListenAddress | undefined => {
    const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
    const port = Number(match?.[3]);
    return match && port <= 65535 ? { host: match[1] ?? match[2] ?? '', port } : undefined;
  },
  'expected host:port, such as 127.0.0.1:5000, :5000 or [::1]:5000',
  '127.0.0.1:6000',
);

/** A network such as `192.0.2.0/24`. */
export const Cidr = about(
  z.string().refine(isNetwork, 'expected a network such as 192.0.2.0/24 or 2001:db8::/32'),
  { example: '192.0.2.0/24' },
);

/** The path of a file. */
export const File = about(z.string().min(1), { example: '/other.pem' });

/** A scalar meant as text: Go's YAML takes `1` and `true` for it, too, as they are written. */
export const Text = about(z.union([z.string(), z.number(), z.boolean()]).transform(String), { isText: true });

/** As {@link Text}; Distribution takes empty text for a key that is not set. */
export const Setting = Text.optional().transform((text) => text || undefined);

/** A whole number from `min` to `max`. */
export function Count(min: number, max: number) {
  return z.int().min(min).max(max);
}

/** As {@link Count}; 0 and less mean the default, as for Distribution. */
export function CountOr(fallback: number, max: number) {
  return z
    .int()
    .max(max)
    .default(fallback)
    .transform((count) => (count <= 0 ? fallback : count));
}

export const MEBIBYTE = 1024 * 1024;

/** A number of bytes, also in quotes, as Distribution takes it. */
export function Bytes(min: number, max: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    Count(min, max),
  );
}

/** Reads an http(s) URL; undefined if it has a user or a fragment, or is anything else. */
export function plainUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.hash && !url.username && !url.password;
  return isPlain ? url : undefined;
}

/** An http(s) URL without query or trailing slash. */
export const BaseUrl = Parsed(
  (text) => {
    const url = plainUrl(text);
    return url?.search === '' ? url.href.replace(/\/+$/, '') : undefined;
  },
  'expected an http or https URL without user, query or fragment, such as https://mirror.example.net',
  'https://other.example.net',
);

/** As {@link BaseUrl}, but unchanged: a provider's name is compared letter by letter, and some end in a slash. */
export const IssuerUrl = about(
  z.string().refine((text) => BaseUrl.safeParse(text).success, {
    error: 'expected the issuer as the provider spells it, such as https://login.example.net/realms/people',
  }),
  { example: 'https://other.example.net' },
);

/** A pattern of repository names, such as `candidate/**`. */
export const Pattern = Parsed(
  parseRepositoryPattern,
  'expected a pattern of repository names, such as candidate/** ("*" is one part of a name, "**" any number)',
  'other/**',
);

/** A mirror's name. */
export const MirrorNameValue = about(
  z.custom<MirrorName>((value) => typeof value === 'string' && isMirrorName(value), {
    error: 'expected lower-case letters, digits and inner dashes, at most 64',
  }),
  { example: 'other' },
);
