import type { Row } from './row.ts';
import { MANIFEST_ROWS } from './rows/manifests.ts';

/** The worst requests of every route. */
export const ROWS: readonly Row[] = [...MANIFEST_ROWS];
