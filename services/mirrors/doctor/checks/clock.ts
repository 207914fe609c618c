import type { Check } from '../check.ts';
import { pass, warning } from '../finding.ts';

const OFF_MAX_SECONDS = 60;

/** Whether the mirror's clock is right: caches and certificates depend on it. */
export const clock: Check = {
  name: 'clock',
  needs: ['answers'],
  async run({ noBlob }) {
    const date = Date.parse((await noBlob()).headers['date'] ?? '');
    if (Number.isNaN(date)) return pass('sends no Date header');
    const off = Math.round(Math.abs(Date.now() - date) / 1000);
    if (off <= OFF_MAX_SECONDS) return pass(`within ${OFF_MAX_SECONDS} s of this machine's`);
    return warning(
      `the Date header is ${off} s off: let the mirror's clock follow a time server, unless it is this machine's that is wrong`,
    );
  },
};
