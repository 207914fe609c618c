import { RUN, tellSecret, tellSecretsIn } from './log-watch.ts';

/**
 * Mocha's hooks around the whole run (`mocha.require` in package.json): tells the watch over logs of the credentials
 * that tests send and are given by `fetch`, and fails the run when one of them, or anything else that is secret, was
 * written into a log, whichever test that was in.
 */

const send = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const request = input instanceof Request ? input.headers : undefined;
  const headers = new Headers(init?.headers ?? request);
  tellCredentials(headers.get('authorization') ?? '');
  const response = await send(input, init);
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (isJson && new URL(response.url || 'http://none').pathname.startsWith('/auth/'))
    tellSecretsIn(
      await response
        .clone()
        .json()
        .catch(() => undefined),
      'an answer',
    );
  return response;
};

/** A password that is sent; tokens are known by their form. */
function tellCredentials(authorization: string): void {
  const [, basic] = /^basic +(\S+)$/i.exec(authorization) ?? [];
  if (basic === undefined) return;
  tellSecret(basic, 'a name and a password');
  const text = Buffer.from(basic, 'base64').toString('utf8');
  tellSecret(text.slice(text.indexOf(':') + 1), 'a password');
}

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    RUN.during = this.currentTest?.fullTitle() ?? 'no test';
  },
  afterAll(): void {
    const lines = RUN.leaks.map(
      ({ source, during, kind, line }) => `${kind}: ${source}, in "${during}"\n  ${line}`,
    );
    if (lines.length === 0) return;
    const shown = lines.slice(0, SHOWN_MAX).join('\n');
    throw new Error(`${lines.length} times a secret was written into a log:\n${shown}`);
  },
};

const SHOWN_MAX = 20;
