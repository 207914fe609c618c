import type { ServerResponse } from 'node:http';

/** Aborts when the connection closes before the answer is sent: its client learns of nothing that is done after that. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const abort = () => gone.abort(new Error('the connection was closed'));
  if (response.destroyed) abort();
  response.once('close', () => {
    if (!response.writableFinished) abort();
  });
  return gone.signal;
}
