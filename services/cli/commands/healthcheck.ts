import { Agent, request } from 'undici';
import { z } from 'zod';
import { debugAddressOf } from '../../config/debug-address.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { ListenAddress } from '../../config/values.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import { PARTS, type Part } from '../../serve/parts.ts';
import { printable } from '../printable.ts';
import { print } from '../table.ts';

const Health = z.object({
  status: z.enum(['ok', 'degraded', 'unavailable']),
  reason: z.string().max(1000).optional(),
});

/**
 * Asks a process that runs with this configuration, at its debug port or else at `http.addr`, whether it is ready, and
 * prints the answer in one line. The exit code is 1 if it is not, or does not answer.
 */
export async function healthcheckCommand(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  { part, timeoutMs }: { readonly part: Part | undefined; readonly timeoutMs: number },
): Promise<void> {
  const url = readyUrl(await loadConfig(path, environment), part === undefined ? PARTS : [part]);
  const { status, reason } = await ask(url, timeoutMs);
  print(reason === undefined ? status : `${status}: ${printable(reason)}`);
  if (status === 'unavailable') process.exitCode = 1;
}

function readyUrl(config: Config, parts: readonly Part[]): string {
  const { http } = config;
  const debug = debugAddressOf(config, parts);
  // A port that asks for certificates of clients cannot be asked: this command has none.
  const isOpen = debug !== undefined && !http.debug?.tls?.clientCas.length;
  const { addr, tls } = isOpen ? { addr: debug.addr, tls: http.debug?.tls } : http;
  return `${tls ? 'https' : 'http'}://${reached(addr)}/readyz`;
}

/** A listener on every interface is asked on loopback. */
function reached({ host, port }: ListenAddress): string {
  const local = host === '' || host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${local.includes(':') ? `[${local}]` : local}:${port}`;
}

async function ask(url: string, timeoutMs: number): Promise<z.output<typeof Health>> {
  // The certificate is for the registry's public name, and the address is this machine's.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    // undici looks at the signal only once it is connected: a process that hangs before its TLS handshake has 10 s.
    const response = await untilAborted(request(url, { dispatcher, signal }), signal);
    return Health.parse(await response.body.json());
  } catch (error) {
    throw new OperatorError(`${url} does not answer: ${reasonOf(error, timeoutMs)}`);
  } finally {
    await dispatcher.destroy();
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (error instanceof z.ZodError || error instanceof SyntaxError) return 'this is not a registry';
  const { name, code, message } = error as NodeJS.ErrnoException;
  return name === 'TimeoutError' ? `nothing within ${timeoutMs} ms` : (code ?? message);
}
