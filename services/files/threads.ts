/** Threads of libuv unless the operator sets UV_THREADPOOL_SIZE. Those that wait cost a stack that nobody touches. */
const DEFAULT_THREADS = 64;

/**
 * File system calls, DNS look-ups and some cryptography share one pool of threads per process, and Node's default is
 * four: four calls that never return stop everything. Imported first by the command, before the pool starts: libuv
 * reads the variable at the pool's first use.
 */
process.env['UV_THREADPOOL_SIZE'] ??= String(DEFAULT_THREADS);
