import { mayLeadToContent } from '../storage/unlisted.ts';
import { type Finding, finding } from './finding.ts';
import type { Look } from './look.ts';

/** Reports what listings could not show. */
export function* unlistedFindings({ unlisted }: Look): Generator<Finding> {
  for (const { key, is, remedy } of unlisted.values())
    yield mayLeadToContent(key)
      ? finding('unlisted', { key }, `It ${is}, so what lies behind it is unknown: ${remedy}`)
      : finding('passed-over', { key }, `It ${is}`);
}

/** Whether listings could not show something that may refer to content. */
export function isContentHidden({ unlisted }: Look): boolean {
  return [...unlisted.keys()].some(mayLeadToContent);
}
