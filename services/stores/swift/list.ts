import { z } from 'zod';
import type { ListPage, ListRequest } from '../../registry/storage/object-store.ts';
import type { SwiftClient } from './client.ts';

const ListingSchema = z.array(
  z.union([
    z.object({ subdir: z.string() }),
    z.object({
      name: z.string(),
      bytes: z.int().nonnegative(),
      last_modified: z.string(),
      slo_etag: z.string().optional(),
    }),
  ]),
);

type ListedEntry = z.infer<typeof ListingSchema>[number];

/** An object in the container's listing. */
export interface ListedObject {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly isStatic: boolean;
}

async function page(
  client: SwiftClient,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<ListedEntry[]> {
  return client.call(
    {
      method: 'GET',
      query: `?${new URLSearchParams({ format: 'json', ...parameters })}`,
      expects: [200, 204],
      signal,
    },
    async (response) => {
      if (response.status === 200) return ListingSchema.parse(await response.body.json());
      await response.body.dump();
      return [];
    },
  );
}

/** A page of keys; Swift's order is that of bytes, like ours. */
export async function listKeys(
  client: SwiftClient,
  request: ListRequest,
  signal?: AbortSignal,
): Promise<ListPage> {
  const { files } = client.names;
  const { prefix, startAfter, delimiter } = request;
  // One more shows whether this is the last page; another is for the folder that we start in, which Swift lists.
  const limit = Math.min(request.limit, client.capabilities.listingMax - 2);
  const parameters = {
    prefix: files + prefix,
    limit: String(limit + 2),
    ...(startAfter !== undefined && { marker: files + startAfter }),
    ...(delimiter && { delimiter }),
  };
  const entries = await page(client, parameters, signal);
  // Only an empty page is surely the last: a server may send fewer than it was asked for.
  while (request.onUnlisted && entries.length > 0 && entries.length < limit + 2) {
    const marker = nameOf(entries.at(-1));
    const more = await page(client, { ...parameters, marker }, signal);
    if (more.length === 0) break;
    checkProgress(marker, more);
    entries.push(...more);
  }
  const wanted = entries
    .map((entry) => nameOf(entry).slice(files.length))
    .filter((name) => name !== '' && (startAfter === undefined || name > startAfter));
  const shown = wanted.slice(0, limit);
  return {
    keys: shown.filter((name) => !name.endsWith('/')),
    prefixes: delimiter ? shown.filter((name) => name.endsWith('/')) : [],
    next: wanted.length > limit ? shown.at(-1) : undefined,
  };
}

function nameOf(entry: ListedEntry | undefined): string {
  return entry === undefined ? '' : 'subdir' in entry ? entry.subdir : entry.name;
}

function checkProgress(marker: string, entries: readonly ListedEntry[]): void {
  if (marker !== '' && nameOf(entries.at(-1)) === marker)
    throw new Error('Swift ignores the marker of a listing: this server cannot be used');
}

const WALK_PAGE = 5000;

/** Every object whose name begins so, in order; to the empty page that is surely the last. */
export async function* walk(
  client: SwiftClient,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<ListedObject> {
  const limit = Math.min(client.capabilities.listingMax, WALK_PAGE);
  for (let marker = ''; ; ) {
    const entries = await page(client, { prefix, marker, limit: String(limit) }, signal);
    checkProgress(marker, entries);
    for (const entry of entries) {
      if ('subdir' in entry) continue;
      const { name, bytes, last_modified, slo_etag } = entry;
      marker = name;
      yield {
        name,
        sizeBytes: bytes,
        modifiedAt: new Date(`${last_modified}Z`),
        isStatic: slo_etag !== undefined,
      };
    }
    if (entries.length === 0) return;
  }
}
