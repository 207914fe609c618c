import type { App } from './context.ts';
import { answerEmpty } from './empty.ts';

/** Whether `http.headers` let web pages of other origins read answers (CORS). Only then are preflights answered. */
export function allowsOrigins(headers: Readonly<Record<string, readonly string[]>>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'access-control-allow-origin');
}

/**
 * Answers every OPTIONS with 200, as Distribution does; the configured headers, which all answers have, say what is
 * allowed. Mount it before the authenticator: preflights have no credentials (Fetch standard, section 4.8).
 */
export function mountPreflight(app: App): void {
  app.use((ctx, next) => {
    if (ctx.method !== 'OPTIONS') return next();
    ctx.state.route = 'preflight';
    return answerEmpty(ctx, 200);
  });
}
