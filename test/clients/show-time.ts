/** Shows a time in the report, behind the title of the test that measured it. */
export function showTime(test: Mocha.Runnable | undefined, tookMs: number): void {
  if (test) test.title += `: ${(tookMs / 1000).toFixed(1)} s`;
}
