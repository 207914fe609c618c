import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
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
  const { url, rootcas } = parts.mirror;
  await sleep(FIRST_MS, undefined, { signal });
  while (!signal.aborted) {
    const rootCas = await Promise.all(rootcas.map((file) => readFile(file)));
    const findings = await examineRoutinely({ url: new URL(url), rootCas });
    const warnings = findings.map(({ check, text }) => `${check}: ${text}`);
    if (warnings.join('\n') !== (session.ledger.warnings ?? []).join('\n'))
      session.update({ warnings: warnings.length > 0 ? warnings : undefined });
    const certificate = findings.find(({ check }) => check === 'tls');
    if (certificate) parts.notify({ mirror: session.name, event: 'certificate', reason: certificate.text });
    await sleep(EVERY_MS, undefined, { signal });
  }
}
