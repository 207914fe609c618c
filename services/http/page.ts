import { createHash } from 'node:crypto';
import type { Context } from './context.ts';
import { type Html, html } from './html.ts';

/** A page for people. Pages run no scripts and load nothing. */
export interface Page {
  readonly title: string;
  readonly body: Html;
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a414d); --soft: light-dark(#f4f6f9, #1c212a); --note: light-dark(#55606f, #a3adbb); }
* { box-sizing: border-box; }
body { margin: 0; padding: 3rem 1rem; font: 16px/1.5 system-ui, sans-serif; background: var(--soft); }
main { max-width: 44rem; margin: 0 auto; padding: 2rem; background: light-dark(#fff, #12161d); border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; line-height: 1.25; }
pre, dd code { font: .9rem/1.5 ui-monospace, monospace; background: var(--soft); border: 1px solid var(--line); border-radius: .4rem; user-select: all; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { margin: 1rem 0; padding: .75rem 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.25rem; margin: 1.25rem 0; }
dt { color: var(--note); }
dd { margin: 0; overflow-wrap: anywhere; }
dd code { padding: .1rem .4rem; }
a.button { display: inline-block; margin-top: .5rem; padding: .55rem 1.1rem; border-radius: .4rem; background: #1f5fbf; color: #fff; text-decoration: none; }
p.note { color: var(--note); font-size: .9rem; margin-bottom: 0; }
`;

/** Browsers may only show our pages, with this style. They run, fetch and frame nothing, and send no referrer. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** A browser that has seen a page over TLS uses only TLS for a year. */
const HSTS = 'max-age=31536000';

/** Answers with a page. */
export function sendPage(ctx: Context, status: number, { title, body }: Page): void {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
`;
  protectPage(ctx);
  ctx.status = status;
  ctx.set('Content-Type', 'text/html; charset=utf-8');
  const rest = html`</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
  // Unescaped: the policy allows exactly these bytes, by their hash.
  ctx.body = Buffer.from(`${page.text}<style>${STYLE}</style>\n${rest.text}`);
}

/** Sets the headers of pages; also for redirects between them. */
export function protectPage(ctx: Context): void {
  for (const [name, value] of Object.entries(HEADERS)) ctx.set(name, value);
  // A proxy that terminates TLS before us sets this itself.
  if (ctx.secure) ctx.set('Strict-Transport-Security', HSTS);
}
