import { honoured, section } from '../key.ts';
import { CountOr } from '../values.ts';

/** Distribution's default page size, and the largest. */
const Page = CountOr(1000, 100_000);

export const CatalogSection = section({
  maxentries: honoured(Page, 'the most repositories in one page of /v2/_catalog; 0 or less for the default', {
    example: 5,
  }),
});

export const TagsSection = section({
  maxtags: honoured(
    Page,
    'the most tags in one page of a tag list, for clients that ask for pages; 0 or less for the default',
    { from: '3', example: 6 },
  ),
});
