import type { Logger } from 'pino';
import type { ForwardedHeader } from './forwarded.ts';

/** Asked by proxies themselves, to learn whether the node lives. */
const OF_PROBES: ReadonlySet<string> = new Set(['/', '/livez', '/readyz', '/readyz?writes']);

/**
 * Warns, once in the life of a process, that a trusted proxy does not say whom it serves: a client's own header would be
 * believed then. Whether a header that is there was written by the proxy or the client cannot be seen.
 */
export function warnOfSilence(
  header: ForwardedHeader,
  logger: Logger,
): (proxy: string, path: string) => void {
  let isWarned = false;
  return (proxy, path) => {
    if (isWarned || OF_PROBES.has(path)) return;
    isWarned = true;
    logger.warn(
      { proxy, path: path.split('?', 1)[0]?.slice(0, 100) },
      `a request came from http.trustedproxies without the header ${header} (http.forwardedheader). If it was not a probe of ` +
        'the proxy, the proxy does not write the header: have it do so, or clients can choose their addresses for rules with ' +
        'networks and for limits of logins',
    );
  };
}
