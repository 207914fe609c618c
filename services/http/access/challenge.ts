import type { Context } from '../context.ts';

/** Sets a challenge (RFC 9110, section 11.6.1) with the parameters that are defined. */
export function challenge(
  ctx: Context,
  scheme: 'Basic' | 'Bearer',
  parameters: Readonly<Record<string, string | undefined>>,
): void {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`,
  );
  ctx.set('WWW-Authenticate', `${scheme} ${given.join(',')}`);
}
