/** libuv's own default and limit. */
const UV_DEFAULT = 4;
const UV_MAX = 1024;

const THREADS = Math.min(UV_MAX, Number(process.env['UV_THREADPOOL_SIZE']) || UV_DEFAULT);

/**
 * How many of libuv's threads each kind of caller may hold at once. The rest is for DNS look-ups (libuv gives them half
 * at most) and cryptography, so that a file system that hangs stops nothing else. Of 64: 44, 4 and 4.
 */
export const THREAD_SHARES = {
  store: share(11 / 16),
  settings: share(1 / 16),
  demoMirror: share(1 / 16),
} as const;

function share(part: number): number {
  return Math.max(1, Math.floor(THREADS * part));
}
