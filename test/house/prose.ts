/** Phrases that docs/style.md replaces, each with what to write instead. */
export const PATTERNS: Readonly<Record<string, RegExp>> = {
  'so long, as a measure': /\bso (?:long|many|much|often)\b(?! (?:as|that)\b)/i,
  stand: /\b(?:stands?|stood)\b(?! (?:for|out|in for)\b)/i,
  tell: /\b(?:tells?|told|telling)\b/i,
  'bare who': /(?:[.:;!?] |\n\n|\n- )who (?!(?:may|can|did|does|is|are|has|was|changed|people|to)\b)/i,
  whoever: /\bwhoever\b/i,
  'is none': /(?<!\bthere )\b(?:is|are|was|were) none\b/i,
  anew: /\banew\b/i,
  'of late': /\bof late\b/i,
  meanwhile: /\bmeanwhile\b(?!\.test)/i,
  'all the same': /\ball the same\b/i,
  beside: /\bbeside\b/i,
  'go on': /\b(?:go|goes|went) on\b/i,
};

/** A text with each comment or paragraph on one line, so that a phrase is found across a line break; without “quoted” titles of tests. */
function withoutBreaks(text: string): string {
  return text
    .replaceAll(/“[^”]*”/g, '“…”')
    .replaceAll(/\n\s*(?:\*(?!\/)|\/\/|#)[ ]?/g, ' ')
    .replaceAll(/(?<=[\w,]) *\n *(?=\w)/g, ' ');
}

export interface Phrase {
  /** The name of its pattern. */
  readonly pattern: string;
  /** The phrase with the words around it, as an entry of the allow-list quotes it. */
  readonly context: string;
}

/** Every phrase of a text that a pattern matches. */
export function phrasesIn(text: string): Phrase[] {
  const joined = withoutBreaks(text);
  return Object.entries(PATTERNS).flatMap(([pattern, expression]) =>
    [...joined.matchAll(new RegExp(expression, `g${expression.flags}`))].map(({ index, 0: match }) => ({
      pattern,
      context: joined.slice(Math.max(0, index - 40), index + match.length + 40).trim(),
    })),
  );
}
