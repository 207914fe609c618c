import { type Answer, type SwitchableServer, serve, startSwitchableServer } from './switchable-server.ts';

/** A WebDAV mirror in memory: PUT, MOVE, DELETE, GET. Tests put other answers in front of it. */
export interface MemoryMirror extends SwitchableServer {
  /** By path. */
  readonly files: Map<string, Buffer>;
  /** What it does unless it is told otherwise. */
  readonly ordinary: Answer;
  /** The methods of all requests so far. */
  methods(): string[];
}

/** Starts one on loopback. */
export async function startMemoryMirror(): Promise<MemoryMirror> {
  const files = new Map<string, Buffer>();
  const ordinary: Answer = async (request, response) => {
    const { method, url = '', headers } = request;
    if (method === 'PUT') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      files.set(url, Buffer.concat(chunks));
      response.writeHead(201).end();
      return;
    }
    const file = files.get(url);
    if (file === undefined) response.writeHead(404).end();
    else if (method === 'GET') serve(file)(request, response);
    else {
      if (method === 'MOVE') files.set(String(headers['destination']), file);
      files.delete(url);
      response.writeHead(204).end();
    }
  };
  const server = await startSwitchableServer(ordinary);
  const methods = () => server.requests.map((line) => line.split(' ')[0] ?? '');
  return Object.assign(server, { files, ordinary, methods });
}
