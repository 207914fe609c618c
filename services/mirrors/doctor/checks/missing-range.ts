import type { Check } from '../check.ts';
import { fault, pass } from '../finding.ts';
import { judgeMissing } from './missing.ts';

/** Whether a client is bounced, too, that resumes a blob which the mirror has lost. */
export const missingRange: Check = {
  name: 'missing-range',
  needs: ['missing'],
  async run({ ask, urlOf, missingDigest }) {
    const answer = await ask(urlOf(missingDigest), { headers: { range: 'bytes=10-' } });
    const { verdict, text } = judgeMissing(answer, missingDigest);
    if (verdict !== 'fault') return pass('the same for a request with Range');
    return fault(`with Range: ${text}`);
  },
};
