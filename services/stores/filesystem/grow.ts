import { StoreUnavailableError } from '../../registry/storage/object-store.ts';
import { isAbsent, translate } from './errors.ts';
import { open } from './fs.ts';
import { writeStream } from './write-body.ts';

/**
 * Cuts a file to its first bytes and appends a body; false, with nothing read from the body, if the file is shorter, is
 * absent, or has a second name, under which it must not change.
 */
export async function growFile(
  path: string,
  fromBytes: number,
  body: AsyncIterable<Buffer>,
  options: { readonly durable: boolean },
): Promise<boolean> {
  const handle = await open(path, 'r+').catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw translate(error);
  });
  if (handle === undefined) return false;
  try {
    const { nlink, size } = await handle.stat();
    if (nlink > 1 || size < fromBytes) return false;
    if (size > fromBytes) await handle.truncate(fromBytes);
    await writeStream(handle, body, { position: fromBytes });
    if (options.durable) await handle.datasync();
    return true;
  } catch (error) {
    // Give back the space on a full disk; do not ask a disk again that does not answer.
    if (!(error instanceof StoreUnavailableError)) await handle.truncate(fromBytes).catch(() => undefined);
    throw translate(error);
  } finally {
    await handle.close();
  }
}
