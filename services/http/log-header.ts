/** More than any honest client sends; enough to recognize the others. */
const MAX_CHARACTERS = 256;
/** Neither a control character nor beyond ASCII: headers arrive as bytes. */
const UNSAFE = /[^\x20-\x7e]/g;

/**
 * A request's header for the log; undefined without one. Cut, without passwords and queries of URLs, and with every byte that
 * could control a terminal as Apache writes it (`\x9b`).
 */
export function loggedHeader(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  const cut = value.length <= MAX_CHARACTERS ? value : `${value.slice(0, MAX_CHARACTERS)}...`;
  const bare = cut.includes('://') ? withoutSecrets(cut) : cut;
  return bare.replace(UNSAFE, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** More than the longest path of a request that this registry answers with anything but an error. */
const PATH_MAX_CHARACTERS = 1000;

/** A request's path for the log, without its query. Hides the password of a URL that was pasted into a name; cuts what is too long. */
export function loggedPath(target = ''): string {
  const [path = ''] = target.split('?', 1);
  const shown = path.includes('@') ? path.replaceAll(/\/\/[^/@]*@/g, '//(not logged)@') : path;
  if (shown.length <= PATH_MAX_CHARACTERS) return shown;
  return `${shown.slice(0, PATH_MAX_CHARACTERS)}… (${path.length} characters)`;
}

function withoutSecrets(text: string): string {
  return text.replaceAll(/(:\/\/[^?#\s]*)[?#]\S*/g, '$1').replaceAll(/:\/\/[^/@\s]*@/g, '://(not logged)@');
}
