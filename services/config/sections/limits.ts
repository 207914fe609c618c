import { z } from 'zod';
import { CountOr } from '../values.ts';

/** What one page of a list holds at most, as Distribution has it. */
const DEFAULT_PAGE = 1000;
const MAX_PAGE = 100_000;

export const CatalogSection = z.strictObject({ maxentries: CountOr(DEFAULT_PAGE, MAX_PAGE) }).prefault({});
export const TagsSection = z.strictObject({ maxtags: CountOr(DEFAULT_PAGE, MAX_PAGE) }).prefault({});
