const HIDDEN = '(not shown)';
/** Keys of passwords, and of values that work like one: they must not appear in a log. */
const SECRET = /password|secret|token|(?:api|license|account|access|private)_?key|^key$/i;
/** Sections and switches that only have a secret's name; the keys in such a section are judged by themselves. */
const NOT_SECRET = /^(?:auth\.)?token\.|\.refreshtokens$/;
/** Headers that are sent to webhooks: any of them may be a credential. */
const SENT = /^notifications\.endpoints\.[^.]+\.headers\b/;
/** URLs of webhooks: the path and the query are all that posting there needs. */
const WEBHOOK = /^notifications\.endpoints\.[^.]+\.url\b/;

/** A value for printing: short, and without secrets. */
export function shown(path: string, value: unknown): string {
  const parts = path.replace(NOT_SECRET, '').split('.');
  if (SENT.test(path) || parts.some((part) => SECRET.test(part))) return HIDDEN;
  const bare = json(path, WEBHOOK.test(path) ? hostOf(value) : value)
    .replaceAll(/\/\/[^/@"]*@/g, `//${HIDDEN}@`)
    .replaceAll(/(:\/\/[^"?]*)\?[^"]*/g, `$1?${HIDDEN}`);
  // A webhook's URL in a wrong place.
  const text = path.startsWith('notifications')
    ? bare.replaceAll(/(:\/\/[^"/?]+)[/?][^"]*/g, `$1/${HIDDEN}`)
    : bare;
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function json(path: string, value: unknown): string {
  const isSent = path.startsWith('notifications');
  try {
    return (
      JSON.stringify(value, (key, inner: unknown) => {
        if (SECRET.test(key) || (isSent && key === 'headers')) return HIDDEN;
        return isSent && key === 'url' ? hostOf(inner) : inner;
      }) ?? 'nothing'
    );
  } catch {
    return 'something that refers to itself';
  }
}

/** What a webhook's URL may show: where it leads. */
function hostOf(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  return url?.host ? `${url.protocol}//${url.host}/${HIDDEN}` : HIDDEN;
}
