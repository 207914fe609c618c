import { type Answer, send } from '../../protocol/wire.ts';
import { Browser } from '../../support/browser.ts';
import type { Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const [LOGIN, CALLBACK] = ['/auth/login', '/auth/callback'] as const;

let browser = new Browser();
let callback = '';
/** Logs alice in at the provider, up to where it sends her browser back. */
async function logIn(world: WorstWorld): Promise<void> {
  await world.start({});
  browser = new Browser();
  const isBack = (url: string) => url.startsWith(`${world.registry.url}${CALLBACK}`);
  let page = await browser.open(`${world.registry.url}${LOGIN}`, isBack);
  page = await browser.submit(page, { login: 'alice', password: 'any will do' }, isBack);
  if (!isBack(page.url)) page = await browser.submit(page, {}, isBack);
  callback = page.url;
}

async function open(url: string): Promise<Answer> {
  const { status, body } = await browser.open(url);
  return { status, headers: {}, body: Buffer.from(body) };
}

/** The pages of a login in a browser. */
export const LOGIN_ROWS: readonly Row[] = [
  {
    ...{ route: `GET ${LOGIN}`, request: 'the first login since the start' },
    ...{ status: 303, storeRequests: 0, isNightly: true },
    ask: ({ registry }) => send(registry.url, LOGIN),
  },
  {
    ...{ route: `GET ${CALLBACK}`, request: 'a login that succeeds' },
    ...{ status: 200, storeRequests: 20, isNightly: true },
    prepare: logIn,
    ask: () => open(callback),
  },
  {
    ...{
      route: `GET ${CALLBACK}`,
      request: 'a code that the provider does not know, as long as a request may be',
    },
    ...{ status: 400, refusal: /No login/, storeRequests: 0 },
    prepare: logIn,
    ask() {
      const url = new URL(callback);
      url.searchParams.set('code', 'x'.repeat(28_000));
      return open(url.href);
    },
  },
];
