import type { Fence } from '../../registry/storage/fence.ts';
import { isCertain } from './errors.ts';

/**
 * Makes a call to the file system under a fence, which `call` has to ask right before the system call by way of `before`.
 * A call that hangs, or whose disk or server failed, leaves a doubt; one that the kernel refused does not.
 */
export async function fenced<T>(
  fence: Fence | undefined,
  call: (before: (() => void) | undefined) => Promise<T>,
): Promise<T> {
  if (fence === undefined) return call(undefined);
  let isMade = false;
  const before = () => {
    fence.check();
    isMade = true;
  };
  try {
    return await call(before);
  } catch (error) {
    if (isMade && !isCertain(error)) fence.doubt();
    throw error;
  }
}
