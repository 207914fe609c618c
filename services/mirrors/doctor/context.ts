import { randomBytes } from 'node:crypto';
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Sha256Digest } from '../../registry/oci/digest.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import { openAgent, trustedWith } from './agent.ts';
import { type Answer, type AskOptions, ask } from './ask.ts';
import { readWhole, type Whole } from './whole.ts';

/** A blob to try a mirror with. */
export interface Example {
  readonly digest: Sha256Digest;
  readonly sizeBytes: number;
  /** False if it is published, but the mirror may not have it yet. */
  readonly isHeld: boolean;
}

export interface DoctorOptions {
  /** The mirror's public URL. */
  readonly url: URL;
  readonly example?: Example | undefined;
  /** The registry that sends clients to the mirror. */
  readonly registry?: URL | undefined;
  /** Authorities besides the built-in ones, in PEM. */
  readonly rootCas?: readonly (string | Buffer)[] | undefined;
  /** Resolves names. @default that of the system */
  readonly lookup?: LookupFunction | undefined;
}

/** What checks work with. Answers that several checks look at are asked for once. */
export interface Context extends DoctorOptions, AsyncDisposable {
  readonly port: number;
  /** The mirror's host, without the brackets of an IPv6 address. */
  readonly host: string;
  /** Authorities to trust; undefined for the built-in ones. */
  readonly trusted: readonly (string | Buffer)[] | undefined;
  readonly lookup: LookupFunction;
  /** A digest that no mirror holds. */
  readonly missingDigest: Sha256Digest;
  addresses(): Promise<readonly LookupAddress[]>;
  ask(url: URL, options?: AskOptions): Promise<Answer>;
  urlOf(digest: Sha256Digest): URL;
  /** A GET of what is no blob. */
  noBlob(): Promise<Answer>;
  /** A GET of a blob that the mirror lacks. */
  missing(): Promise<Answer>;
  /** A GET of the example. */
  whole(example: Example): Promise<Whole>;
}

/** Opens what the checks of one mirror share. Dispose it to close its connections. */
export function openContext(options: DoctorOptions): Context {
  const { url, rootCas, lookup = dnsLookup as LookupFunction } = options;
  const agent = openAgent(rootCas, lookup);
  const base = url.href.replace(/\/+$/, '');
  const at = (path: string) => new URL(`${base}/${path}`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const missingDigest = `sha256:${randomBytes(32).toString('hex')}` as Sha256Digest;
  const noBlobPath = `roadstead-doctor-${randomBytes(8).toString('hex')}`;
  const get = (target: URL, how?: AskOptions) => ask(agent, target, how);
  const once = <T>(make: () => Promise<T>) => {
    let made: Promise<T> | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  let whole: Promise<Whole> | undefined;
  const context: Context = {
    ...{ ...options, lookup, trusted: trustedWith(rootCas), missingDigest, host },
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    addresses: once(() => resolve(host, lookup)),
    ask: get,
    urlOf: (digest) => at(blobDataKey(digest)),
    noBlob: once(() => get(at(noBlobPath))),
    missing: once(() => get(context.urlOf(missingDigest))),
    whole({ digest, sizeBytes }) {
      whole ??= readWhole(sizeBytes, (how) => get(context.urlOf(digest), how));
      return whole;
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
  return context;
}

function resolve(host: string, lookup: LookupFunction): Promise<readonly LookupAddress[]> {
  return new Promise((done, fail) =>
    lookup(host, { all: true }, (error, found) => {
      if (error) return fail(error);
      done(typeof found === 'string' ? [{ address: found, family: found.includes(':') ? 6 : 4 }] : found);
    }),
  );
}
