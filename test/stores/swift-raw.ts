import type { Swift } from '../support/swift.ts';

/** Swift without our driver: what is really there. */
export interface RawSwift {
  /** Of all objects in the container. */
  names(): Promise<string[]>;
  put(name: string, bytes: Buffer): Promise<void>;
  request(
    method: string,
    name: string,
    options?: { query?: string; body?: string | Buffer; headers?: Record<string, string> },
  ): Promise<Response>;
}

/** Logs in to TempAuth; throws for any answer that is an error. */
export async function rawSwift(swift: Swift, container: string): Promise<RawSwift> {
  const login = await fetch(swift.authUrl, {
    headers: { 'x-auth-user': swift.user, 'x-auth-key': swift.key },
  });
  const token = login.headers.get('x-auth-token') ?? '';
  const base = `${login.headers.get('x-storage-url')}/${container}`;
  const request: RawSwift['request'] = async (method, name, { query = '', body, headers = {} } = {}) => {
    const response = await fetch(`${base}${name && '/'}${name}${query}`, {
      method,
      headers: { 'x-auth-token': token, ...headers },
      ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
    });
    if (!response.ok) throw new Error(`${method} ${name}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    request,
    async names() {
      const response = await request('GET', '', { query: '?format=json' });
      return ((await response.json()) as { name: string }[]).map(({ name }) => name);
    },
    async put(name, bytes) {
      await request('PUT', name, { body: bytes });
    },
  };
}
