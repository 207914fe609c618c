import type { Config } from '../config/schema.ts';
import { type Door, OPEN_DOOR } from '../http/access/door.ts';

/** The door that a configuration asks for. */
export function doorOf({ auth }: Config): Door {
  if (auth?.token || auth?.htpasswd)
    throw new Error('auth: credentials are not asked for in this version yet');
  return OPEN_DOOR;
}
