import { RegistryError } from '../../oci/errors.ts';
import { ROBOT_PREFIX } from '../subject.ts';

/** A robot's name after `robot+`. */
export const ROBOT_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
export const ROBOT_NAME_FORM =
  'a name of lower-case letters, digits and inner dots, dashes and underscores, at most 63 characters';

/** A robot's full name, given with or without `robot+`. Throws NAME_INVALID. */
export function robotName(text: string): string {
  const name = text.startsWith(ROBOT_PREFIX) ? text.slice(ROBOT_PREFIX.length) : text;
  if (ROBOT_NAME.test(name)) return `${ROBOT_PREFIX}${name}`;
  throw new RegistryError('NAME_INVALID', `a robot needs ${ROBOT_NAME_FORM}`);
}
