import type { Check } from '../check.ts';
import { pass } from '../finding.ts';

/** Whether it answers requests in time; every later check asks for more than that. */
export const answers: Check = {
  name: 'answers',
  needs: ['connection', 'tls'],
  async run({ noBlob }) {
    const startedAt = performance.now();
    const { headers } = await noBlob();
    const by = headers['server'] ? ` by ${headers['server']}` : '';
    return pass(`answered in ${Math.ceil(performance.now() - startedAt)} ms${by}`);
  },
};
