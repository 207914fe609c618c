import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorBody } from '../stores/s3-world.ts';
import type { FaultProxy, SeenRequest } from '../support/fault-proxy.ts';

/** Whether a request is one with this method and this part of its URL. */
export const asked = (method: string, part: string) => (request: SeenRequest) =>
  request.method === method && decodeURIComponent(request.url).includes(part);
/** What S3 answers to a client without rights. */
export const refused = { kind: 'answer', status: 403, body: errorBody('AccessDenied') } as const;

/** Repeats something until it is ended. */
export function repeatedly(pauseMs: number, act: () => Promise<unknown>): () => Promise<void> {
  let isOver = false;
  const working = (async () => {
    while (!isOver) {
      await act().catch(() => undefined);
      await sleep(pauseMs);
    }
  })();
  return async () => {
    isOver = true;
    await working;
  };
}

/** Opens connections that say nothing; those that are closed are opened again. */
export function connections(port: number, count: number): () => void {
  const open = new Set<Socket>();
  let isOver = false;
  const one = () => {
    if (isOver) return;
    // Each from an address of its own: one client may have only half of the connections.
    const localAddress = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(2, 255)}`;
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      setTimeout(one, 200).unref();
    });
  };
  for (let i = 0; i < count; i++) one();
  return () => {
    isOver = true;
    for (const socket of open) socket.destroy();
  };
}

/** Lets everything through again. */
export function heal(...proxies: readonly FaultProxy[]): void {
  for (const proxy of proxies) proxy.rule = () => undefined;
}
