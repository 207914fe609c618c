import type { CustomFetch } from 'openid-client';
import { type Agent, request } from 'undici';

/** Statuses without a body (Fetch standard). */
const BODILESS = new Set([101, 204, 205, 304]);

/** HTTP for the provider, with the agent's limits on time and size, and without following redirects. */
export function fetchBy(agent: Agent): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const answer = await request(url, {
      ...{ method: method as 'GET' | 'POST', headers, dispatcher: agent },
      body: body instanceof URLSearchParams ? body.toString() : (body as string | undefined) || null,
      ...(signal && { signal }),
    });
    const bytes = await answer.body.arrayBuffer();
    const headerList = Object.entries(answer.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((each): [string, string] => [name, each]),
    );
    return new Response(BODILESS.has(answer.statusCode) ? null : bytes, {
      status: answer.statusCode,
      headers: headerList,
    });
  };
}
