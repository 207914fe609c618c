import { RegistryError } from '../../oci/errors.ts';
import type { Authentication } from '../account.ts';
import { tooMany } from '../too-many.ts';

/** Takes an attempt back that was right, or not answered. */
export async function withdrawnUnlessWrong(
  act: () => Promise<Authentication>,
  takeBack: () => Promise<void>,
): Promise<Authentication> {
  let answer: Authentication | undefined;
  try {
    answer = await act();
    return answer;
  } finally {
    if (answer?.outcome !== 'unknown') await takeBack();
  }
}

/** What an attempt is answered that has to wait. */
export function refusal(waitMs: number): RegistryError {
  return tooMany('too many logins have failed, from this address or for this account', waitMs);
}

/** Whether an attempt was refused, here or by a busy source, rather than answered. */
export function isTooMany(error: unknown): boolean {
  return error instanceof RegistryError && error.kind === 'TOO_MANY_REQUESTS';
}
