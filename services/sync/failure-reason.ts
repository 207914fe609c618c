/**
 * Why a request failed, for people: its code, else `otherwise`. By default that is the error's name and not its message,
 * since some messages quote what was to be sent.
 */
export function failureReason(error: unknown, otherwise = nameOf(error)): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  return code ?? otherwise;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown error';
}
