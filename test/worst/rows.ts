import type { Row } from './row.ts';
import { BLOB_ROWS } from './rows/blobs.ts';
import { LIST_ROWS } from './rows/lists.ts';
import { LOGIN_ROWS } from './rows/login.ts';
import { MANIFEST_ROWS } from './rows/manifests.ts';
import { OPEN_ROWS } from './rows/open.ts';
import { RELEASE_ROWS } from './rows/release.ts';
import { ROBOT_ROWS } from './rows/robots.ts';
import { TOKEN_ROWS } from './rows/token.ts';
import { UPLOAD_ROWS } from './rows/uploads.ts';

/** The worst requests of every route. */
export const ROWS: readonly Row[] = [
  ...OPEN_ROWS,
  ...BLOB_ROWS,
  ...MANIFEST_ROWS,
  ...UPLOAD_ROWS,
  ...LIST_ROWS,
  ...TOKEN_ROWS,
  ...LOGIN_ROWS,
  ...ROBOT_ROWS,
  ...RELEASE_ROWS,
];
