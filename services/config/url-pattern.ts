import { RE2JS } from 're2js';
import { z } from 'zod';

/** A pattern that text is tested with, in time linear in the text. */
export interface UrlPattern {
  /** As the file has it, in the syntax of Go's regexp (RE2). */
  readonly source: string;
  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean;
}

/**
 * A regular expression of Go's, by its own engine's port. Its syntax is what operators' files have, and it does not
 * backtrack: Distribution's own example, `^https?://([^/]+\.)*example\.com/`, takes JavaScript's usual engine time
 * exponential in the URL, and it is clients who write URLs.
 */
export const UrlPatternValue = z.string().transform((source, context): UrlPattern => {
  try {
    const expression = RE2JS.compile(source);
    return { source, test: (text) => expression.test(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.addIssue({ code: 'custom', message: `${reason}: expected a regular expression of Go (RE2)` });
    return z.NEVER;
  }
});
