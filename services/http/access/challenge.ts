import { RegistryError } from '../../registry/oci/errors.ts';
import type { Context } from '../context.ts';

/** Asks for credentials: the parameters of a challenge (RFC 9110, section 11.6.1), those that are there. */
export function challenge(
  ctx: Context,
  scheme: 'Basic' | 'Bearer',
  parameters: Readonly<Record<string, string | undefined>>,
): void {
  const told = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`,
  );
  ctx.set('WWW-Authenticate', `${scheme} ${told.join(',')}`);
}

/** What everyone is told who has to say who they are. */
export function unauthorized(message: string): RegistryError {
  return new RegistryError('UNAUTHORIZED', message);
}
