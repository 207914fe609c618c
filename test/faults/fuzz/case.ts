/**
 * What has to come of a case:
 * - `refused`: its framing is right, so the connection goes on behind an answer of 4xx;
 * - `read`: it only reads, and may be answered as such, or refused;
 * - `begun`: it may open an upload, as the specification has it when nothing can be mounted, or be refused;
 * - `doubtful`: HTTP itself is hurt, or may be: answers of 4xx, if any, and perhaps the connection's end;
 * - `unfinished`: the server still waits for something when the client goes.
 */
export type Outcome = 'refused' | 'read' | 'begun' | 'doubtful' | 'unfinished';

/** One request as it goes on the wire, and what has to come of it. */
export interface Case {
  readonly outcome: Outcome;
  readonly method: string;
  readonly bytes: Buffer;
}

/** A request before it is bytes. Texts are written as Latin-1, so that each of them can be any byte. */
export interface Draft {
  readonly outcome?: Outcome;
  readonly method?: string;
  readonly target: string;
  readonly version?: string;
  /** Host is added unless it is given; with a body also Content-Length, unless one of the two length headers is. */
  readonly headers?: readonly Header[];
  readonly body?: Buffer | string;
}

export type Header = readonly [name: string, value: string];

/** The bytes of a request. */
export function caseOf(draft: Draft): Case {
  const { outcome = 'refused', method = 'GET', target, version = 'HTTP/1.1', headers = [], body } = draft;
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : (body ?? Buffer.alloc(0));
  const all: Header[] = [...headers];
  if (!names.has('host')) all.unshift(['Host', '127.0.0.1']);
  if (body !== undefined && !names.has('content-length') && !names.has('transfer-encoding'))
    all.push(['Content-Length', String(bytes.length)]);
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`${method} ${target} ${version}\r\n${lines}\r\n`, 'latin1');
  return { outcome, method, bytes: Buffer.concat([head, bytes]) };
}

/** Whether the connection is of no use behind this case. */
export function endsConnection({ outcome }: Case): boolean {
  return outcome === 'doubtful' || outcome === 'unfinished';
}
