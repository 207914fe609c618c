const HIDDEN = '(not shown)';
/** Keys whose values nobody should read in a log: passwords, and what works like one. */
const SECRET = /password|secret|token|(?:api|license|account|access|private)_?key|^key$/i;
/** Sections and switches that are called after secrets, and are none; what is in such a section is looked at by itself. */
const CALLED_SO = /^(?:auth\.)?token\.|\.refreshtokens$/;
/** Headers that are sent to others: any of them may be a credential. */
const SENT = /^notifications\.endpoints\.\d+\.headers\b/;

/** A value as it may be printed: short, and without secrets. */
export function shown(path: string, value: unknown): string {
  const parts = path.replace(CALLED_SO, '').split('.');
  if (SENT.test(path) || parts.some((part) => SECRET.test(part))) return HIDDEN;
  const bare = json(path, value).replaceAll(/\/\/[^/@"]*@/g, `//${HIDDEN}@`);
  // Webhooks are often given their token in the query.
  const text = path.startsWith('notifications.')
    ? bare.replaceAll(/(:\/\/[^"?]*)\?[^"]*/g, `$1?${HIDDEN}`)
    : bare;
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function json(path: string, value: unknown): string {
  const isSent = path.startsWith('notifications');
  try {
    return (
      JSON.stringify(value, (key, inner: unknown) =>
        SECRET.test(key) || (isSent && key === 'headers') ? HIDDEN : inner,
      ) ?? 'nothing'
    );
  } catch {
    return 'something that refers to itself';
  }
}
