import type { Logger } from 'pino';
import type { Reloader } from './reloader.ts';

/**
 * Makes SIGHUP reload the configuration instead of ending the process; one that comes before the process has started takes
 * effect then. On a terminal the signal keeps its meaning: the terminal is gone, and the process ends with it.
 */
export function reloadAtHangup(logger: Logger): (reloader: Pick<Reloader, 'reload'>) => void {
  let reloader: Pick<Reloader, 'reload'> | undefined;
  let isEarly = false;
  if (!process.stdout.isTTY && !process.stderr.isTTY)
    process.on('SIGHUP', () => {
      logger.info({ signal: 'SIGHUP' }, 'asked to reload the configuration');
      if (reloader) void reloader.reload('SIGHUP');
      else isEarly = true;
    });
  return (ready) => {
    reloader = ready;
    if (isEarly) void ready.reload('SIGHUP');
  };
}
