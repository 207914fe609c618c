import { expect } from 'chai';
import type { Finding, Verdict } from '../../services/mirrors/doctor/finding.ts';

/** The names of the checks with a verdict. */
export function checksWith(findings: readonly Finding[], verdict: Verdict): string[] {
  return findings.filter((finding) => finding.verdict === verdict).map(({ check }) => check);
}

/** Expects these faults and no others; shows all findings if not. */
export function expectFaults(findings: readonly Finding[], faults: readonly string[]): void {
  expect(checksWith(findings, 'fault'), JSON.stringify(findings, null, 1)).to.deep.equal(faults);
}
