import pino, { type DestinationStream } from 'pino';

/** What waits for whoever reads the log. Lines beyond it are dropped, and counted: half a minute of a busy node fits. */
const BACKLOG_BYTES = 16 * 1024 * 1024;
/** At the end, a reader that does not read gets so many tries; pino leaves a tenth of a second between them. */
const LAST_TRIES = 5;

/** Where lines of the log go: standard output. */
export interface LogOutput extends DestinationStream {
  /** Calls back with the number of lines that were dropped, once there is room again to say so. */
  onDropped(tell: (lines: number) => void): void;
  /**
   * Writes what waits, and from now on each line before `write` returns: a process that kills itself would take along
   * what a thread has yet to write. Gives up on a reader that does not read.
   */
  writeAtOnce(): void;
}

/**
 * Opens standard output for a log. Whoever reads it (journald, a container's runtime, a pipe) may stop reading, and a
 * disk below it may be full: nobody waits for that, memory stays bounded, and the process still ends when it is told to.
 */
export function openLogOutput(): LogOutput {
  // Asking Node for its stdout makes a pipe non-blocking: else a reader that hangs takes threads, and the exit.
  const dest = process.stdout.fd;
  let triesLeft = Number.POSITIVE_INFINITY;
  const retryEAGAIN = () => triesLeft-- > 0;
  let dropped = 0;
  let isFailing = false;
  // Before pino's own, which would try for ever.
  process.once('exit', () => {
    flush();
    lines.destroy();
  });
  const lines = pino.destination({ dest, sync: false, maxLength: BACKLOG_BYTES, retryEAGAIN });
  lines.on('drop', () => dropped++);
  lines.on('write', () => {
    isFailing = false;
  });
  // What could not be written is tried again with the next line.
  lines.on('error', () => {
    isFailing = true;
  });
  let current: DestinationStream = lines;

  function flush(): void {
    triesLeft = LAST_TRIES;
    try {
      // pino tries for ever where the disk is full.
      if (!isFailing) lines.flushSync();
    } catch {
      // Nobody reads it.
    }
  }

  return {
    write: (line) => current.write(line),
    onDropped(tell) {
      lines.on('drain', () => {
        if (dropped === 0) return;
        tell(dropped);
        dropped = 0;
      });
    },
    writeAtOnce() {
      flush();
      const atOnce = pino.destination({ dest, sync: true, retryEAGAIN });
      atOnce.on('error', () => undefined);
      current = atOnce;
    },
  };
}
