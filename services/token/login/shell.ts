/** A text as one word of a POSIX shell, which makes nothing else of it. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=,./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
