import type { Mutant } from '../mutant.ts';

const PAGE = 'services/http/page.ts';
const pages = { tests: ['test/edge/pages.test.ts'] };

const ofPages = (line: string): Mutant => ({
  ...pages,
  ...{
    drops: `the header of pages ${line.slice(1, line.indexOf("':"))}`,
    file: PAGE,
    find: `  ${line},\n`,
    replace: '',
  },
});
const ofPolicy = (directive: string): Mutant => ({
  ...pages,
  ...{ drops: `the policy ${directive}`, file: PAGE, find: `    ${directive},\n`, replace: '' },
});

/** Headers of answers, and of pages for people. */
export const OF_HEADERS: readonly Mutant[] = [
  ofPages("'X-Frame-Options': 'DENY'"),
  ofPages("'Referrer-Policy': 'no-referrer'"),
  ofPages("'Cross-Origin-Opener-Policy': 'same-origin'"),
  ofPages("'Cross-Origin-Resource-Policy': 'same-origin'"),
  ofPolicy(`"default-src 'none'"`),
  ofPolicy(`"base-uri 'none'"`),
  ofPolicy(`"form-action 'none'"`),
  ofPolicy(`"frame-ancestors 'none'"`),
  {
    ...pages,
    drops: 'the header Strict-Transport-Security',
    file: PAGE,
    find: "  if (ctx.secure) ctx.set('Strict-Transport-Security', HSTS);\n",
    replace: '',
  },
  {
    tests: ['test/edge/pages.test.ts', 'test/protocol/operability.test.ts'],
    drops: 'the header X-Content-Type-Options',
    file: 'services/http/app.ts',
    find: "    ctx.set('X-Content-Type-Options', 'nosniff');\n",
    replace: '',
  },
  {
    tests: ['test/protocol/damaged.test.ts'],
    grep: 'names nothing',
    drops: 'that errors keep no headers of content',
    file: 'services/http/app.ts',
    find: '  for (const header of OF_CONTENT) ctx.remove(header);\n',
    replace: '',
  },
  {
    tests: ['test/accounts/oidc.test.ts'],
    drops: 'HttpOnly on the cookie of a login',
    file: 'services/token/login/pending-cookie.ts',
    find: ' HttpOnly;',
    replace: '',
    grep: 'with a cookie that no script',
  },
  {
    tests: ['test/accounts/oidc.test.ts'],
    drops: 'SameSite on the cookie of a login',
    file: 'services/token/login/pending-cookie.ts',
    find: ' SameSite=Lax',
    replace: '',
    grep: 'with a cookie that no script',
  },
  {
    tests: ['test/accounts/oidc.test.ts'],
    drops: 'Secure on the cookie of a login',
    file: 'services/token/login/pending-cookie.ts',
    find: "${secure ? '; Secure' : ''}",
    replace: '',
    grep: 'with a cookie that goes over TLS',
  },
  {
    tests: ['test/http/urls.test.ts'],
    drops: 'the form of a host in URLs',
    file: 'services/http/urls.ts',
    find: "(scheme === 'https' || scheme === 'http') && isHost(host)",
    replace: "(scheme === 'https' || scheme === 'http')",
  },
  {
    tests: ['test/http/urls.test.ts'],
    drops: 'the form of a scheme in URLs',
    file: 'services/http/urls.ts',
    find: "(scheme === 'https' || scheme === 'http') && isHost(host)",
    replace: 'isHost(host)',
  },
  {
    tests: ['test/http/challenge.test.ts'],
    drops: 'the escapes of a challenge',
    file: 'services/http/access/challenge.ts',
    find: ".replaceAll(/[\"\\\\]/g, '\\\\$&')",
    replace: '',
  },
];
