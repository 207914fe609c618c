import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '../../mirrors/doctor/finding.ts';
import { examineRoutinely } from '../../mirrors/doctor/routine.ts';
import type { MirrorSession } from './mirror-session.ts';

const EVERY_MS = 60 * 60_000;
/** At the start of a worker, publishing and watching come first. */
const FIRST_MS = 5000;

/**
 * Looks now and then, until the session is over, for what will hurt later: a certificate that ends, a name that leads
 * elsewhere, a clock that is wrong.
 */
export async function examineNowAndThen(session: MirrorSession): Promise<void> {
  const { signal, parts } = session;
  await sleep(FIRST_MS, undefined, { signal });
  while (!signal.aborted) {
    const findings = await examined(session);
    const warnings = findings.map(({ check, text }) => `${check}: ${text}`);
    if (warnings.join('\n') !== (session.ledger.warnings ?? []).join('\n'))
      session.update({ warnings: warnings.length > 0 ? warnings : undefined });
    const certificate = findings.find(({ check }) => check === 'tls');
    if (certificate) parts.notify({ mirror: session.name, event: 'certificate', reason: certificate.text });
    await sleep(EVERY_MS, undefined, { signal });
  }
}

/** Nothing if it cannot be examined: that says nothing of the mirror. */
async function examined({ parts, name, signal }: MirrorSession): Promise<Finding[]> {
  const { url, rootcas } = parts.mirror;
  try {
    const rootCas = await Promise.all(rootcas.map((file) => readFile(file)));
    return await examineRoutinely({ url: new URL(url), rootCas });
  } catch (error) {
    signal.throwIfAborted();
    parts.logger.info({ err: error, mirror: name }, 'cannot examine a mirror');
    return [];
  }
}
