import pino, { type DestinationStream } from 'pino';

/** Buffer for a slow reader of the log: half a minute of a busy node. Lines beyond it are dropped and counted. */
const BACKLOG_BYTES = 16 * 1024 * 1024;
/** Attempts at the end for a reader that does not read; pino waits 0.1 s between them. */
const LAST_TRIES = 5;

/** Where lines of the log go: standard output. */
export interface LogOutput extends DestinationStream {
  /** Calls `report` with the number of dropped lines once there is room again to log it. */
  onDropped(report: (lines: number) => void): void;
  /**
   * Writes what is buffered, and from now on each line before `write` returns: a process that kills itself would lose
   * what another thread has yet to write. Gives up on a reader that does not read.
   */
  writeAtOnce(): void;
}

/**
 * Opens standard output for a log. Its reader (journald, a container's runtime, a pipe) may stop reading, and a disk below
 * it may be full: nothing waits for that, memory stays bounded, and the process can still end.
 */
export function openLogOutput(): LogOutput {
  // `process.stdout` makes a pipe non-blocking: otherwise a reader that hangs blocks threads and the exit.
  const dest = process.stdout.fd;
  let triesLeft = Number.POSITIVE_INFINITY;
  const retryEAGAIN = () => triesLeft-- > 0;
  let dropped = 0;
  let isFailing = false;
  // Registered before pino's own handler, which would retry for ever.
  process.once('exit', () => {
    flush();
    lines.destroy();
  });
  const lines = pino.destination({ dest, sync: false, maxLength: BACKLOG_BYTES, retryEAGAIN });
  lines.on('drop', () => dropped++);
  lines.on('write', () => {
    isFailing = false;
  });
  // Retried with the next line.
  lines.on('error', () => {
    isFailing = true;
  });
  let current: DestinationStream = lines;

  function flush(): void {
    triesLeft = LAST_TRIES;
    try {
      // pino would retry for ever on a full disk.
      if (!isFailing) lines.flushSync();
    } catch {
      // There is no reader.
    }
  }

  return {
    write: (line) => current.write(line),
    onDropped(report) {
      lines.on('drain', () => {
        if (dropped === 0) return;
        report(dropped);
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
