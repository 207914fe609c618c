import { Agent, request } from 'undici';
import { z } from 'zod';
import { debugAddressOf } from '../../config/debug-address.ts';
import type { Environment } from '../../config/environment.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import type { Part } from '../../serve/parts.ts';
import { fail, print, printJson } from '../table.ts';

export interface ReloadOptions {
  readonly json: boolean;
  readonly part?: Part;
}

/** A reload may wait for transfers to mirrors, and for a second reload. */
const PATIENCE_MS = 120_000;

const Lines = z.array(z.string());
const AnswerSchema = z.union([
  z.object({ reloaded: Lines, restart: Lines, warnings: Lines }),
  z.object({ problems: Lines }),
  z.object({ errors: z.tuple([z.object({ message: z.string() })]) }),
]);

/**
 * Asks a running process to reload, and prints what it has done. The exit code is 1 if nothing has changed because the file
 * cannot be used. Throws an OperatorError if the file cannot be read here, or no process answers.
 */
export async function reloadCommand(
  path: string,
  environment: Environment,
  { json, part = 'api' }: ReloadOptions,
): Promise<void> {
  const url = urlOf(await loadConfig(path, environment), part);
  const answer = await ask(url, part);
  if ('errors' in answer) throw new OperatorError(`${url}: ${answer.errors[0].message}`);
  if (json) printJson(answer, 2);
  if ('problems' in answer) {
    if (json) process.exitCode = 1;
    else fail(['nothing was reloaded:', ...answer.problems.map((problem) => `  ${problem}`)]);
    return;
  }
  if (json) return;
  const { reloaded, restart, warnings } = answer;
  for (const warning of warnings) print(`warning: ${warning}`);
  print(
    reloaded.length > 0
      ? `reloaded: ${reloaded.join(', ')}`
      : 'no setting has changed; certificates, htpasswd files and keys are read again',
  );
  if (restart.length > 0) print(`needs a restart: ${restart.join(', ')}`);
}

function urlOf(config: Config, part: Part): string {
  const { addr } = debugAddressOf(config, [part]) ?? {};
  if (addr === undefined)
    throw new OperatorError(
      'http.debug.addr is missing, so the process cannot be reached: send it SIGHUP, or set the key and restart it',
    );
  // Of every interface, the one that only this machine reaches.
  const anywhere: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' };
  const host = anywhere[addr.host] ?? addr.host;
  const scheme = config.http.debug?.tls ? 'https' : 'http';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${addr.port}/debug/reload`;
}

async function ask(url: string, part: Part): Promise<z.output<typeof AnswerSchema>> {
  // The certificate is for another name, and need not be verified: nothing secret is sent to this machine, or believed.
  await using dispatcher = new Ending({ connect: { rejectUnauthorized: false } });
  try {
    const timeouts = { headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS };
    const { body } = await request(url, { method: 'POST', dispatcher, ...timeouts });
    return AnswerSchema.parse(await body.json());
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      throw new OperatorError(`${url} is not the debug port of this registry: expected the address in use`);
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new OperatorError(
      `no ${part} process answers at ${url} (${code}): start it, or send it SIGHUP if its debug address was another at its start`,
      { cause: error },
    );
  }
}

/** Connections that end with the command. */
class Ending extends Agent implements AsyncDisposable {
  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }
}
