import type { Config } from '../config/schema.ts';
import { EXIT_CONFIG } from '../registry/runtime/exit-codes.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';

/** The processes of a registry; each can run alone, any number of times, over shared stores. */
export const PARTS = ['api', 'token', 'release', 'sync'] as const;
export type Part = (typeof PARTS)[number];

/** Whether a process is this part of a registry, and no other. */
export function isOnly(parts: readonly Part[], part: Part): boolean {
  return parts.every((each) => each === part);
}

/** Throws an OperatorError for a process of its own whose section is missing: it would run and do nothing. */
export function refuseIdle({ promotion, token }: Config, parts: readonly Part[]): void {
  if (parts.length !== 1) return;
  if (parts.includes('release') && !promotion)
    throw new OperatorError(
      'the release service has nothing to do: the configuration has no section "promotion"',
      { exitCode: EXIT_CONFIG },
    );
  if (parts.includes('token') && !token)
    throw new OperatorError('the token service has nothing to do: the configuration has no section "token"', {
      exitCode: EXIT_CONFIG,
    });
}
