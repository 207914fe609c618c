import type { Content } from '../content/content.ts';
import { PublicationLog } from './publication/log.ts';
import { PublishedBlobs } from './publication/published.ts';

/** Content, and which of it was published when. */
export interface PublishingContent extends Content {
  readonly published: PublishedBlobs;
  readonly log: PublicationLog;
}

/** Adds the publication log and the publication numbers of the same object store to {@link Content}. */
export function withPublications(content: Content): PublishingContent {
  const published = new PublishedBlobs(content.objects);
  return { ...content, published, log: new PublicationLog(content.objects, published) };
}
