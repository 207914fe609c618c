/** Secrets of samples and manuals. */
const SAMPLE = /^(?:asecretforlocaldevelopment|change-?me|not-?a-?secret|your-?secret|my-?secret|password)/i;
/** Fewer different characters than 32 random hexadecimal digits ever have. */
const DIFFERENT_MIN = 7;

/** Whether a secret is hardly random: few different characters, a pattern that repeats, a run, or a sample's words. */
export function isEasyToGuess(secret: string): boolean {
  if (new Set(secret).size < Math.min(DIFFERENT_MIN, secret.length)) return true;
  if (/^(.{1,16}?)\1+.{0,15}$/s.test(secret)) return true;
  const codes = [...secret].map((character) => character.codePointAt(0) ?? 0);
  const steps = codes.slice(1).filter((code, i) => Math.abs(code - (codes[i] ?? 0)) <= 1).length;
  return steps > codes.length / 2 || SAMPLE.test(secret);
}
