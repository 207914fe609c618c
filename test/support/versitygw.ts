import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, isListening } from './ports.ts';
import { startDaemon } from './process.ts';
import { reachS3, type S3Server } from './s3-server.ts';
import { tempDir } from './temp.ts';

const CREDENTIALS = { accessKey: 'testaccess', secretKey: 'testsecret' };

/** A Versity S3 Gateway over a directory of its own, whose file system has to have extended attributes. */
export interface Versitygw extends S3Server, AsyncDisposable {}

/** Starts one on loopback, with a state of its own that goes with it. */
export async function startVersitygw(program: string): Promise<Versitygw> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('versitygw'));
  const data = join(home.path, 'data');
  await mkdir(data);
  const port = await freePort();
  const { accessKey, secretKey } = CREDENTIALS;
  const settings = ['--access', accessKey, '--secret', secretKey, '--port', `127.0.0.1:${port}`];
  cleanUp.use(
    await startDaemon(program, [...settings, '--keep-alive', '--quiet', 'posix', data], {
      ready: () => isListening(port),
      cwd: home.path,
    }),
  );
  const s3 = reachS3(`http://127.0.0.1:${port}`, CREDENTIALS, cleanUp);
  const held = cleanUp.move();
  return { ...s3, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
