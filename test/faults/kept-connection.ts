import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** A connection that the server resets behind its answer is gone by then. */
const SETTLE_MS = 100;

/** What an answer said, and whether the connection lasted beyond it, as HTTP/1.1 promises unless an answer says otherwise. */
export interface LastingAnswer {
  readonly status: number;
  readonly body: string;
  readonly connectionLasted: boolean;
}

async function exchange(
  agent: Agent,
  url: string,
  method: string,
  body: string,
): Promise<{ sent: ClientRequest; status: number; text: string }> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request(url, { agent, method, headers });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { sent, status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}

/** Posts JSON, and then asks for something on the same connection. */
export async function postAndGoOn(url: string, json: unknown): Promise<LastingAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const { status, text } = await exchange(agent, url, 'POST', JSON.stringify(json));
    await sleep(SETTLE_MS);
    const next = await exchange(agent, new URL('/livez', url).href, 'GET', '');
    return { status, body: text, connectionLasted: next.sent.reusedSocket };
  } finally {
    agent.destroy();
  }
}
