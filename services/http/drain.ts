import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Takes no new connections, and waits up to `timeoutMs` for the answers under way; what is left is cut. */
export async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Connections kept alive fall idle one after the other, as their last answers end.
  const closingIdle = setInterval(() => server.closeIdleConnections(), 50);
  const patience = new AbortController();
  const outOfPatience = sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([closed, outOfPatience]);
  patience.abort();
  clearInterval(closingIdle);
  server.closeAllConnections();
  await closed;
}
