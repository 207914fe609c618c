import { RE2JS } from 're2js';
import { z } from 'zod';
import { messageOf } from '../registry/runtime/message-of.ts';
import { about, addProblem } from './key.ts';

/** A pattern that text is tested with, in time linear in the text. */
export interface UrlPattern {
  /** As the file has it, in the syntax of Go's regexp (RE2). */
  readonly source: string;
  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean;
}

/**
 * A regular expression of Go, run by a port of Go's engine. Operators' files have its syntax, and it does not backtrack:
 * JavaScript's engine takes time exponential in the URL for Distribution's own example,
 * `^https?://([^/]+\.)*example\.com/`, and clients choose the URLs.
 */
export const UrlPatternValue = about(
  z.string().transform((source, context): UrlPattern => {
    try {
      const expression = RE2JS.compile(source);
      return { source, test: (text) => expression.test(text) };
    } catch (error) {
      addProblem(context, [], `${messageOf(error)}: expected a regular expression of Go (RE2)`);
      return z.NEVER;
    }
  }),
  { example: '^https://example\\.com/' },
);
