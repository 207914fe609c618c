import type { Settings } from './schema.ts';

const PREFIX = 'access-control-';

/** CORS headers in `http.headers` that browsers would ignore or refuse (Fetch standard). */
export function* corsWarnings({ http }: Pick<Settings, 'http'>): Generator<string> {
  const cors = new Map(
    Object.entries(http.headers)
      .map(([name, values]) => [name.toLowerCase(), values] as const)
      .filter(([name]) => name.startsWith(PREFIX)),
  );
  if (cors.size === 0) return;
  const origins = cors.get(`${PREFIX}allow-origin`);
  if (origins === undefined)
    yield 'http.headers: the Access-Control-* headers have no effect without Access-Control-Allow-Origin, and preflights are refused';
  else if (origins.length > 1)
    yield 'http.headers.Access-Control-Allow-Origin: browsers accept one origin, or *, and refuse an answer with several';
  if (origins?.includes('*') && cors.get(`${PREFIX}allow-credentials`)?.includes('true'))
    yield 'http.headers.Access-Control-Allow-Origin: * is refused by browsers together with Access-Control-Allow-Credentials: name the origin';
  else if (origins?.includes('*') && listsChanges(cors.get(`${PREFIX}allow-methods`)))
    yield 'http.headers.Access-Control-Allow-Origin: * lets web pages of all origins read, and none of them change anything: name the origin that may';
}

/** Whether a list of methods has one that changes something. */
function listsChanges(methods: readonly string[] = []): boolean {
  return /\b(?:POST|PUT|PATCH|DELETE)\b/.test(methods.join());
}
