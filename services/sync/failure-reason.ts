/** Why a request failed, for people. A code, not the message: some messages quote what was to be sent. */
export function failureReason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  return code ?? (error instanceof Error ? error.name : 'unknown error');
}
