/** libuv's threads unless the operator sets UV_THREADPOOL_SIZE. An idle thread costs only an untouched stack. */
const DEFAULT_THREADS = 64;

/**
 * File system calls, DNS look-ups and some cryptography share one thread pool per process, and Node's default is four:
 * four calls that never return stop everything. The command imports this first, since libuv reads the variable at the
 * pool's first use.
 */
process.env['UV_THREADPOOL_SIZE'] ??= String(DEFAULT_THREADS);
