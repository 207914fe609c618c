/**
 * A line of text for a terminal: no character in it moves the cursor, changes the title or the direction of writing, or
 * begins another line. Others wrote much of what commands print.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

/** A value as JSON, in which such characters are escaped: a terminal shows them, and a parser reads the same value. */
export function printableJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent);
  // JSON.stringify escapes the control characters below U+0020. Those here come from strings; line ends are its own.
  return json.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(text: string): string {
  return [...Array(text.length).keys()]
    .map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');
}
