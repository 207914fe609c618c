import type { Answer, Request } from './directory-messages.ts';
import { directoryWork } from './directory-work.ts';

/*
 * The process that works in one mirror's directory, its argument, and only there: when its file system hangs, this process
 * hangs, and the sync worker ends it. It does what it is asked over its channel, and ends with it.
 */
const work = directoryWork(process.argv[2] ?? '');
process.on('message', (request: Request) => {
  const { id } = request;
  work(request, () => send({ kind: 'moved', id })).then(
    () => send({ kind: 'done', id }),
    ({ message, code }: NodeJS.ErrnoException) => send({ kind: 'failed', id, message, code }),
  );
});
// An ordinary exit would wait for calls that hang.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

function send(answer: Answer): void {
  if (process.connected) process.send?.(answer);
}
