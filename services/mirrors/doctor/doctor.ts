import type { Check } from './check.ts';
import { CHECKS } from './checks.ts';
import { type Context, type DoctorOptions, openContext } from './context.ts';
import { type Finding, fault, type Outcome, skipped } from './finding.ts';
import { Trouble } from './trouble.ts';

/** Tries every part of the contract with one mirror, as a client would; a finding for each check, in order. */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  await using context = openContext(options);
  return await examineBy(CHECKS, context);
}

/** Carries out these checks, in order. */
export async function examineBy(checks: readonly Check[], context: Context): Promise<Finding[]> {
  const findings: Finding[] = [];
  /** Checks that found a fault or were not tried: those that need them are not tried either. */
  const failed = new Set<string>();
  for (const check of checks) {
    const lacking = check.needs.find((name) => failed.has(name));
    const outcome =
      lacking === undefined
        ? await tried(check, context)
        : skipped(`not tried, because of the check ${lacking}`);
    if (outcome.verdict === 'fault' || outcome.verdict === 'skipped') failed.add(check.name);
    findings.push({ check: check.name, ...outcome });
  }
  return findings;
}

async function tried(check: Check, context: Context): Promise<Outcome> {
  try {
    return await check.run(context);
  } catch (error) {
    if (error instanceof Trouble) return fault(error.message);
    throw error;
  }
}
