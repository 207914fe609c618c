import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CLI } from '../support/cli.ts';
import { freePort } from '../support/ports.ts';
import { type Daemon, run, startDaemon } from '../support/process.ts';

export interface TlsNodeOptions {
  /** For its configuration and store; two nodes of one directory share the store. */
  readonly directory: string;
  readonly command?: 'api' | 'serve' | 'release';
  readonly http: Readonly<Record<string, unknown>>;
  /** Sections more. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A real registry process whose ports speak TLS. */
export interface TlsNode extends AsyncDisposable {
  readonly port: number;
  readonly daemon: Daemon;
}

/** Starts one with a configuration, and so a command line, of its own. */
export async function startTlsNode(options: TlsNodeOptions): Promise<TlsNode> {
  const { directory, command = 'api', http, more } = options;
  const port = await freePort();
  const configPath = join(directory, `node-${port}.yml`);
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(directory, 'store'), sync: false } },
    http: { addr: `127.0.0.1:${port}`, draintimeout: '1s', ...http },
    ...more,
  };
  await writeFile(configPath, stringify(config));
  const daemon = await startDaemon(process.execPath, [...CLI, command, configPath], {
    ready: (output) => output.includes('"listening"'),
  });
  return { port, daemon, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

/** What a handshake by openssl came to. */
export interface Handshake {
  /** `New`, `Reused`, or undefined when there was none. */
  readonly kind: string | undefined;
  readonly version: string | undefined;
  readonly cipher: string | undefined;
  /** All that it printed. */
  readonly output: string;
}

/** Shakes hands and asks for `/livez`, so that tickets, which TLS 1.3 sends behind the handshake, are come by. */
export async function handshake(port: number, ...args: readonly string[]): Promise<Handshake> {
  const request = 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n';
  // It ends with the answer, however long that takes, not with its input.
  const client = `timeout 20 openssl s_client -ign_eof -connect 127.0.0.1:${port} -servername localhost`;
  const command = `printf '${request}' | ${client} ${args.join(' ')}`;
  const { stdout, stderr } = await run('sh', ['-c', command], { allowFailure: true });
  const output = stdout + stderr;
  const [, kind, version, cipher] = /^(New|Reused), (\S+), Cipher is (\S+)$/m.exec(output) ?? [];
  const isShaken = cipher !== undefined && cipher !== '(NONE)';
  return { ...(isShaken ? { kind, version, cipher } : NONE), output };
}

const NONE = { kind: undefined, version: undefined, cipher: undefined };
