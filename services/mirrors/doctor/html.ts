import type { Answer } from './ask.ts';

/** Whether an answer is a web page, by its header or its first bytes. */
export function isHtml({ headers, head }: Answer): boolean {
  const isMarkup = /^\s*<(?:!doctype html|html)/i.test(head.toString('latin1', 0, 64));
  return isMarkup || /^text\/html\b/i.test(headers['content-type'] ?? '');
}
