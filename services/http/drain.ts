import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Stops accepting connections, waits up to `timeoutMs` for answers under way, and closes what is left. */
export async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Kept-alive connections become idle one by one, as their answers end.
  const closingIdle = setInterval(() => server.closeIdleConnections(), 50);
  const patience = new AbortController();
  const outOfPatience = sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([closed, outOfPatience]);
  patience.abort();
  clearInterval(closingIdle);
  server.closeAllConnections();
  await closed;
}
