import { fileURLToPath } from 'node:url';

/** The root of the source tree that is built. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
