import type { z } from 'zod';
import { PromotionEventBody as Line, type PromotionEventBody } from '../../services/release/schemas.ts';
import { type Answer, send } from '../protocol/wire.ts';

export type PromotionLine = z.infer<typeof PromotionEventBody>;

/** What came of asking for a promotion. */
export interface Promoted extends Answer {
  /** The answer's lines; none when it was refused. */
  readonly lines: readonly PromotionLine[];
}

/** Asks for a promotion and reads the answer to its end; each line has to fit the documented shape. */
export async function promote(
  url: string,
  source: string,
  target: string,
  options: Record<string, unknown> = {},
): Promise<Promoted> {
  const answer = await postPromotion(url, { source, target, ...options });
  return { ...answer, lines: answer.status === 200 ? linesOf(answer) : [] };
}

/** A promotion that waits for mirrors, and is left alone with that. */
export interface WaitingPromotion {
  /** Goes away, as a client that is killed. */
  leave(): void;
  /** All lines of the answer, once it has ended; those that came, if it broke off. */
  readonly ended: Promise<readonly PromotionLine[]>;
}

/** Asks for a promotion, and returns when it says for the first time that it waits. */
export async function waitingPromotion(
  url: string,
  source: string,
  target: string,
  options: Record<string, unknown>,
): Promise<WaitingPromotion> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/api/v1/promotions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ source, target, ...options }),
    signal: leaving.signal,
  });
  const waits = Promise.withResolvers<void>();
  const read = async () => {
    let text = '';
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        if (text.includes('"event":"waiting"')) waits.resolve();
      }
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
      text = text.slice(0, text.lastIndexOf('\n') + 1);
    }
    waits.reject(new Error(`it did not wait: ${response.status} ${text}`));
    return linesOf({ body: Buffer.from(text) });
  };
  const ended = read();
  ended.catch(waits.reject);
  await waits.promise;
  return { leave: () => leaving.abort(), ended };
}

/** Posts any body, as JSON. */
export function postPromotion(url: string, body: unknown): Promise<Answer> {
  return send(url, '/api/v1/promotions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  });
}

/** The lines of an answer to a promotion, as far as they came; each has to fit the documented shape. */
export function linesOf({ body }: Pick<Answer, 'body'>): PromotionLine[] {
  const lines = body.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Line.parse(JSON.parse(line)));
}
