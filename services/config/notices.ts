import type { Setting } from './examine.ts';

/** Warnings of settings that do not do what they ask for; one line for all settings with the same text. */
export function noticesOf(settings: readonly Setting[]): string[] {
  const paths = new Map<string, string[]>();
  for (const { path, verdict } of settings) {
    const text = verdict.warning ?? (verdict.kind === 'not yet' ? verdict.text : undefined);
    if (text !== undefined) paths.set(text, [...(paths.get(text) ?? []), path]);
  }
  return [...paths].map(([text, of]) => `${together(of)}: ${text}`);
}

/** One name for several keys: the section that they share, if any. */
function together(paths: readonly string[]): string {
  const [first = '', ...others] = paths.map((path) => path.split('.'));
  if (others.length === 0) return paths.join('');
  const parts = [...first];
  const shared = parts.filter((_, i) =>
    others.every((other) => parts.slice(0, i + 1).join() === other.slice(0, i + 1).join()),
  );
  return shared.length > 0 ? shared.join('.') : paths.join(', ');
}
