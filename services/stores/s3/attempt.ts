import type { Fence } from '../../registry/storage/fence.ts';
import { askFence } from '../fenced.ts';
import { isCertain } from './errors.ts';

/** A middleware of the SDK for the step `deserialize`, the last one before the connection. */
type Middleware = <A, R>(next: (args: A) => Promise<R>) => (args: A) => Promise<R>;

/**
 * Puts a fence around each attempt of a request: the SDK runs this again for each retry, after signing. Node's agent
 * sends no request twice.
 */
export function eachAttempt(fence: Fence, signal: AbortSignal | undefined): Middleware {
  return (next) => async (args) => {
    signal?.throwIfAborted();
    askFence(fence);
    try {
      return await next(args);
    } catch (error) {
      if (!isCertain(error)) fence.doubt();
      throw error;
    }
  };
}
