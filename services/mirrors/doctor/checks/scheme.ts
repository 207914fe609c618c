import type { Check } from '../check.ts';
import { fault, pass, warning } from '../finding.ts';

/** Whether the scheme suits the registry's. */
export const scheme: Check = {
  name: 'scheme',
  needs: [],
  run({ url, registry }) {
    if (url.protocol === 'https:') return pass('https');
    const refused =
      'regctl and programs on .NET refuse a redirect from https to plain HTTP. Give the mirror a certificate';
    if (registry?.protocol === 'https:') return fault(`the registry is https, the mirror is not: ${refused}`);
    if (registry) return pass('plain HTTP, as is the registry');
    return warning(`plain HTTP: if the registry is https, ${refused}`);
  },
};
