import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Faults, type Gate, PAGE } from './faults.ts';

/** Answers GET and HEAD of a file, whole or in part, as a web server for files does. */
export async function answerFile(
  file: string,
  request: IncomingMessage,
  response: ServerResponse,
  { faults, gate, isPublic }: { faults: Faults; gate: Gate; isPublic: boolean },
): Promise<void> {
  const shown = isPublic ? faults : {};
  if (shown.html) {
    response.writeHead(200, { 'content-type': 'text/html', 'content-length': PAGE.length }).end(PAGE);
    return;
  }
  const hex = hexOfPath(file);
  const stats = await stat(file).catch(() => undefined);
  if (!stats?.isFile() || (hex !== undefined && shown.lacks?.(hex))) {
    response.writeHead(404, { 'content-length': 0 }).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = Math.min(range?.[2] ? Number(range[2]) : Number.POSITIVE_INFINITY, stats.size - 1);
  if (range && start > end) {
    response.writeHead(416, { 'content-range': `bytes */${stats.size}`, 'content-length': 0 }).end();
    return;
  }
  response.writeHead(range ? 206 : 200, {
    ...{ 'content-length': end - start + 1, 'accept-ranges': 'bytes' },
    ...(range && { 'content-range': `bytes ${start}-${end}/${stats.size}` }),
  });
  if (request.method === 'HEAD' || stats.size === 0) {
    response.end();
    return;
  }
  for await (const chunk of createReadStream(file, { start, end }) as AsyncIterable<Buffer>) {
    await gate.carry(chunk.length);
    if (response.destroyed) return;
    const isTaken = response.write(shown.wrongBytes ? Buffer.alloc(chunk.length) : chunk);
    if (!isTaken) await drained(response);
  }
  response.end();
}

/** The hex of the blob that a path names. */
export function hexOfPath(path: string): string | undefined {
  return /([0-9a-f]{64})(?:\/data)?$/.exec(path)?.[1];
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}
