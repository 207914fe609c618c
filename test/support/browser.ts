/** A page, as a browser that runs no scripts has it. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
  /** As the server wrote it. */
  readonly header: string;
}

const REDIRECTS_MAX = 20;

/** What HTML writes for characters that it has a use for. */
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" },
};

/** Text of HTML, without its tags. */
export function textOf(html: string): string {
  return html.replaceAll(/<[^>]*>/g, '').replaceAll(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all);
}

/** As much of a browser as a login needs: cookies, an origin's apart from another's, redirects, links and forms. */
export class Browser {
  /** By origin and name. */
  readonly #cookies = new Map<string, Map<string, Cookie>>();

  /** Goes to a URL, and on from there; stops before a redirect to where `until` says. */
  async open(url: string, until: (url: string) => boolean = () => false): Promise<Page> {
    return this.#go(url, { method: 'GET', headers: { 'sec-fetch-site': 'none' } }, until);
  }

  /** Submits the first form of a page, with what was typed into its fields. */
  async submit(
    page: Page,
    typed: Readonly<Record<string, string>>,
    until: (url: string) => boolean = () => false,
  ): Promise<Page> {
    const form = /<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(page.body);
    if (!form) throw new Error(`no form at ${page.url}: ${page.body.slice(0, 2000)}`);
    const fields = new URLSearchParams();
    for (const [input] of (form[2] ?? '').matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      if (name !== undefined) fields.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? '');
    }
    for (const [name, value] of Object.entries(typed)) fields.set(name, value);
    const url = new URL(textOf(form[1] ?? ''), page.url).href;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#go(url, { method: 'POST', headers, body: fields.toString() }, until);
  }

  /** What a server set, as it wrote it. */
  cookie(url: string, name: string): string | undefined {
    return this.#jar(url).get(name)?.header;
  }

  /** Gives this browser another one's cookies of an origin, as a thief would. */
  takeCookies(url: string, from: Browser): void {
    for (const [name, cookie] of from.#jar(url)) this.#jar(url).set(name, cookie);
  }

  async #go(first: string, request: RequestInit, until: (url: string) => boolean): Promise<Page> {
    let [url, init] = [first, request];
    for (let i = 0; i < REDIRECTS_MAX; i++) {
      const cookie = this.#cookiesFor(url);
      const headers = { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) };
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      this.#keep(url, response);
      const body = await response.text();
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399)
        return { url, status: response.status, headers: response.headers, body };
      url = new URL(location, url).href;
      if (until(url)) return { url, status: response.status, headers: response.headers, body };
      init = { method: 'GET', headers: { 'sec-fetch-site': 'cross-site' } };
    }
    throw new Error(`too many redirects: ${url}`);
  }

  #jar(url: string): Map<string, Cookie> {
    const { origin } = new URL(url);
    const jar = this.#cookies.get(origin) ?? new Map<string, Cookie>();
    this.#cookies.set(origin, jar);
    return jar;
  }

  #cookiesFor(url: string): string {
    const { pathname } = new URL(url);
    return [...this.#jar(url)]
      .filter(([, { path }]) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
  }

  #keep(url: string, response: Response): void {
    for (const header of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = header.split(/; */);
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const find = (wanted: string) =>
        attributes.map((each) => each.split('=')).find(([key]) => key?.toLowerCase() === wanted)?.[1];
      const expires = find('expires');
      const isGone = find('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now());
      if (isGone) this.#jar(url).delete(name);
      else this.#jar(url).set(name, { value, path: find('path') ?? '/', header });
    }
  }
}
