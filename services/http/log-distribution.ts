type Fields = Readonly<Record<string, unknown>>;

/** Our fields of an answered request, and Distribution's names for them. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ requestId: 'http.request.id', method: 'http.request.method', host: 'http.request.host' },
  ...{ path: 'http.request.uri', userAgent: 'http.request.useragent', referer: 'http.request.referer' },
  ...{ status: 'http.response.status', sentBytes: 'http.response.written' },
  ...{ contentType: 'http.response.contenttype', user: 'auth.user.name', repository: 'vars.name' },
};

/** The message and fields of an answered request as Distribution's log has them; those that it does not know stay. */
export function inDistributionsWords(request: Fields): { readonly msg: string; readonly fields: Fields } {
  const { client, port, tookMs, error, ...rest } = request;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) fields[NAMES[name] ?? name] = value;
  fields['http.request.remoteaddr'] = port === undefined ? client : peer(String(client), Number(port));
  fields['http.response.duration'] = goDuration(Number(tookMs));
  if (error === undefined) return { msg: 'response completed', fields };
  fields['err.code'] = String(error).toLowerCase().replaceAll('_', ' ');
  return { msg: 'response completed with error', fields };
}

function peer(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** A duration as Go prints it, such as `2.13ms`. */
function goDuration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)}µs`;
  if (ms < 1000) return `${ms}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${Number((seconds % 60).toFixed(3))}s`;
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`;
}
