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
