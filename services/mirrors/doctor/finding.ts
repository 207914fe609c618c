/** What a check says: `skipped` if it could not be tried, which its text explains. */
export type Verdict = 'pass' | 'warning' | 'fault' | 'skipped';

/** What came of a check. A fault's text says what to do. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly text: string;
}

/** A line of the doctor's report. */
export interface Finding extends Outcome {
  readonly check: string;
}

/** The mirror keeps this part of the contract. */
export const pass = (text: string): Outcome => ({ verdict: 'pass', text });
/** Some clients get less, but none fails. */
export const warning = (text: string): Outcome => ({ verdict: 'warning', text });
/** Pulls fail. */
export const fault = (text: string): Outcome => ({ verdict: 'fault', text });
/** Nothing was tried. */
export const skipped = (text: string): Outcome => ({ verdict: 'skipped', text });
