import { type Answer, send } from '../protocol/wire.ts';
import type { World } from './scenario.ts';

/** Something else was answered than an acknowledgement. */
export class RefusedError extends Error {
  readonly status: number;

  constructor(asked: string, { status, body }: Answer) {
    super(`${asked} was answered with ${status} ${body.toString('utf8').slice(0, 200).trim()}`);
    this.name = 'RefusedError';
    this.status = status;
  }
}

/** A request, and the answers that will do. What was answered to what may have changed something is remembered. */
export async function ask(
  { url, memory }: World,
  method: string,
  target: string,
  statuses: readonly number[],
  { body, headers = {} }: { body?: Buffer; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await send(url, target, { method, headers, ...(body && { body }) });
  const id = answer.headers['x-request-id'];
  if (method !== 'GET' && id !== undefined)
    memory.set(`answered ${id}`, `${answer.status} ${method} ${target}`);
  if (!statuses.includes(answer.status)) throw new RefusedError(`${method} ${target}`, answer);
  return answer;
}

/** Holds that bytes are there, and are these. */
export async function expectBytes(world: World, target: string, bytes: Buffer): Promise<void> {
  const { body } = await ask(world, 'GET', target, [200], { headers: { accept: '*/*' } });
  if (!body.equals(bytes)) throw new Error(`${target} has other bytes`);
}

/** The path of a Location, with whatever query it has. */
export function pathOf(answer: Answer): string {
  const { pathname, search } = new URL(answer.headers.location ?? '', 'http://registry');
  return `${pathname}${search}`;
}

/** What an error says, in printable characters. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[^\x20-\x7e]+/g, '?').slice(0, 400);
}
