import type { ObjectStore, Unlisted } from '../../storage/object-store.ts';
import { listingBy, mayLeadToContent, tellUnlisted } from '../../storage/unlisted.ts';
import { UnreadableError } from '../reader.ts';

/**
 * A store whose listings fail with {@link UnreadableError} where they cannot show all that content could be pulled
 * through, page by page: so no scan is kept, and gone on with later, that has passed something over.
 */
export function accountableListing(objects: ObjectStore): ObjectStore {
  return listingBy(objects, async (request, signal) => {
    const unlisted: Unlisted[] = [];
    const page = await objects.list({ ...request, onUnlisted: (entry) => unlisted.push(entry) }, signal);
    const told = new Set(unlisted.filter(({ key }) => mayLeadToContent(key)).map(tellUnlisted));
    if (told.size > 0) throw new UnreadableError([...told], told.size);
    return page;
  });
}
