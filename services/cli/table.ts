import { printable, printableJson } from './printable.ts';

/** Rows with aligned columns, and two blanks between them; a line each. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '),
  );
}

/** Prints lines of output. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${printable(line)}\n`).join(''));
}

/** Prints a value as JSON: on one line unless it is indented. */
export function printJson(value: unknown, indent?: number): void {
  process.stdout.write(`${printableJson(value, indent)}\n`);
}

/** Prints rows below their headings; `none` if there are no rows. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  none: string,
): void {
  print(...(rows.length === 0 ? [none] : table([headings, ...rows])));
}

/** Prints lines for the person at the terminal, which are not the command's output. */
export function printError(...lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${printable(line)}\n`).join(''));
}

/** Prints why a command did not do what it was asked to, and sets the exit code. */
export function fail(message: string | readonly string[], exitCode = 1): void {
  printError(...[message].flat());
  process.exitCode = exitCode;
}
