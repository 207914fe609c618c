import type { Fence } from '../registry/storage/fence.ts';

/** A fence refused an attempt. Ends the retries of a client library; callers of the store get the fence's own error. */
export class FenceRefusedError extends Error {
  override name = 'FenceRefusedError';
  /** The error that the fence threw. Not the cause: libraries retry after some causes. */
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('a fence refused an attempt');
    this.reason = reason;
  }
}

/** Asks a fence whether an attempt may be made now. Throws FenceRefusedError if not. */
export function askFence(fence: Fence): void {
  try {
    fence.check();
  } catch (reason) {
    throw new FenceRefusedError(reason);
  }
}

/** Codes of errors that come before a connection: nothing was sent. */
const UNCONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Whether a request failed before any of it was sent, so that it cannot take effect. */
export function isUnsent(error: unknown): boolean {
  return error instanceof Error && UNCONNECTED.has((error as NodeJS.ErrnoException).code ?? '');
}
