/** Aligns columns, with two blanks between them. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

/** A size as people read it. */
export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Prints a line of output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints rows below their headings; `none` if there are no rows. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  none: string,
): void {
  print(rows.length === 0 ? none : table([headings, ...rows]));
}

/** Prints why a command did not do what it was asked to, and sets the exit code. */
export function fail(message: string, exitCode = 1): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
