import { mayLeadToContent } from '../storage/unlisted.ts';
import type { CheckReader } from './check-reader.ts';
import { type Finding, finding } from './finding.ts';

/** Reports what listings could not show. */
export function* unlistedFindings({ unlisted }: CheckReader): Generator<Finding> {
  for (const { key, is, remedy } of unlisted.values())
    yield mayLeadToContent(key)
      ? finding('unlisted', { key }, `It ${is}, so what lies behind it is unknown: ${remedy}`)
      : finding('passed-over', { key }, `It ${is}`);
}

/** Whether listings could not show something that may refer to content. */
export function isContentHidden({ unlisted }: CheckReader): boolean {
  return [...unlisted.keys()].some(mayLeadToContent);
}
