/**
 * Runs the duties of a worker at the same time, until one of them ends or `stop` aborts: the signal that they are started
 * with aborts then. Returns when all have ended. Throws the first failure, preferably one that is not an abort.
 */
export async function runDuties(
  stop: AbortSignal,
  start: (signal: AbortSignal) => readonly Promise<void>[],
): Promise<void> {
  const over = new AbortController();
  const duties = start(AbortSignal.any([stop, over.signal]));
  for (const duty of duties) duty.catch(() => undefined).finally(() => over.abort());
  const ends = await Promise.allSettled(duties);
  const failed = ends.filter((end) => end.status === 'rejected');
  const cause = failed.find(({ reason }) => !(reason instanceof Error && reason.name === 'AbortError'));
  for (const { reason } of cause ? [cause] : failed) throw reason;
}
