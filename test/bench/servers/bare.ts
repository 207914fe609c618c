import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, isListening } from '../../support/ports.ts';
import { startDaemon } from '../../support/process.ts';
import { ask } from '../load/http.ts';
import type { Server } from './server.ts';

const PROGRAM = fileURLToPath(new URL('./bare-program.ts', import.meta.url));

/** What node:http adds by itself. */
const OF_THE_CONNECTION = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

/** An answer that the bare server gives without thinking: the bytes are here, or in a file. */
export interface PreparedAnswer {
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBase64: string;
  readonly file?: string;
}

/** The bare server; what was PUT to it lies in a directory until someone removes it. */
export interface Bare extends Server {
  readonly uploads: string;
}

/** Learns a registry's answer to a path, so that the bare server gives the same: status, headers, and bytes. */
export async function learn(url: string, path: string, headers: Record<string, string>, file?: string) {
  const answer = await ask(`${url}${path}`, { headers, wantsBody: file === undefined });
  const kept = Object.entries(answer.headers).filter(([name]) => !OF_THE_CONNECTION.has(name));
  return {
    path,
    status: answer.status,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    bodyBase64: answer.body.toString('base64'),
    ...(file !== undefined && { file }),
  } satisfies PreparedAnswer;
}

/** Starts a node:http server that gives prepared answers: one process, this very Node. */
export async function startBare(home: string, answers: readonly PreparedAnswer[]): Promise<Bare> {
  const uploads = join(home, 'uploads');
  await mkdir(uploads, { recursive: true });
  const answersPath = join(home, 'answers.json');
  await writeFile(answersPath, JSON.stringify(answers));
  const port = await freePort();
  const daemon = await startDaemon(process.execPath, [PROGRAM, String(port), answersPath, uploads], {
    ready: () => isListening(port),
  });
  return { url: `http://127.0.0.1:${port}`, daemon, uploads };
}
