import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { PreparedAnswer } from './bare.ts';

/**
 * The yardstick, run as `node bare-program.ts PORT ANSWERS DIRECTORY`: what node:http itself costs. It knows the
 * answer to every path beforehand, and takes a PUT to disk with its digest, as any registry must.
 */

/** What Roadstead reads its files by. */
const READ_BYTES = 256 * 1024;
const WRITE_BYTES = 1024 * 1024;

const [port, answersPath = '', directory = ''] = process.argv.slice(2);
const prepared = JSON.parse(readFileSync(answersPath, 'utf8')) as PreparedAnswer[];
const answers = new Map(
  prepared.map((answer) => [answer.path, { ...answer, body: Buffer.from(answer.bodyBase64, 'base64') }]),
);

createServer((request, response) => {
  if (request.method === 'PUT') return void receive(request, response);
  const answer = answers.get(request.url ?? '');
  if (answer === undefined) return void response.writeHead(404).end();
  response.writeHead(answer.status, answer.headers);
  if (answer.file === undefined) return void response.end(answer.body);
  // A client that has seen enough is no error.
  pipeline(createReadStream(answer.file, { highWaterMark: READ_BYTES }), response).catch(() => undefined);
}).listen(Number(port), '127.0.0.1');

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  await pipeline(request, createWriteStream(join(directory, randomUUID()), { highWaterMark: WRITE_BYTES }));
  response.writeHead(201, { 'Docker-Content-Digest': `sha256:${hash.digest('hex')}`, 'Content-Length': 0 });
  response.end();
}
