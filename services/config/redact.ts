const HIDDEN = '(not shown)';
/** Keys of passwords, and of values that work like one: they must not appear in a log. */
const SECRET = /password|secret|token|(?:api|license|account|access|private)_?key|^key$/i;
/** Sections and switches that only have a secret's name; the keys in such a section are judged by themselves. */
const NOT_SECRET = /^(?:auth\.)?token\.|\.refreshtokens$|^http\.debug\.addrs\.token$/;
/** Headers that are sent to webhooks: any of them may be a credential. */
const SENT = /^(?:notifications\.endpoints\.[^.]+|sync\.notices)\.headers\b/;
/** URLs of webhooks: the path and the query are all that posting there needs. */
const WEBHOOK = /^(?:notifications\.endpoints\.[^.]+\.url|sync\.notices\.webhook)\b/;
/** Sections of webhooks. */
const HOOKS = /^(?:notifications|sync)\b/;
/** Arguments of commands: any of them may be a credential. */
const COMMAND = /^sync\.notices\.command\b/;

/** A value for printing: short, and without secrets. */
export function shown(path: string, value: unknown): string {
  const parts = path.replace(NOT_SECRET, '').split('.');
  if (SENT.test(path) || parts.some((part) => SECRET.test(part))) return HIDDEN;
  const bare = json(path, bareOf(path, value))
    .replaceAll(/\/\/[^/@"]*@/g, `//${HIDDEN}@`)
    .replaceAll(/(:\/\/[^"?]*)\?[^"]*/g, `$1?${HIDDEN}`);
  // A webhook's URL in a wrong place.
  const text = HOOKS.test(path) ? bare.replaceAll(/(:\/\/[^"/?]+)[/?][^"]*/g, `$1/${HIDDEN}`) : bare;
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function json(path: string, value: unknown): string {
  const isSent = HOOKS.test(path);
  try {
    return (
      JSON.stringify(value, (key, inner: unknown) => {
        if (SECRET.test(key) || (isSent && key === 'headers')) return HIDDEN;
        if (isSent && key === 'command') return programOf(inner);
        return isSent && (key === 'url' || key === 'webhook') ? hostOf(inner) : inner;
      }) ?? 'nothing'
    );
  } catch {
    return 'something that refers to itself';
  }
}

function bareOf(path: string, value: unknown): unknown {
  if (COMMAND.test(path)) return path.endsWith('command') ? programOf(value) : HIDDEN;
  return WEBHOOK.test(path) ? hostOf(value) : value;
}

/** What a command may show: its program. */
function programOf(value: unknown): unknown {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return HIDDEN;
  return value.length > 1 ? [value[0], HIDDEN] : value;
}

/** What a webhook's URL may show: where it leads. */
function hostOf(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  return url?.host ? `${url.protocol}//${url.host}/${HIDDEN}` : HIDDEN;
}
