/** A Markdown table that can also be read as it is: columns are padded, the first ones flush left. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  leftColumns: number,
): string {
  const widths = header.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const padded = (cells: readonly string[]) =>
    line(
      widths.map((width, i) =>
        i < leftColumns ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width),
      ),
    );
  const rule = widths.map((width, i) => (i < leftColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [padded(header), line(rule), ...rows.map(padded)].join('\n');
}

/** A number as people write it: three digits that count, thousands apart. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value.toLocaleString(
    'en',
    value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  );
}
