import type { MirrorConfig } from '../../config/schema.ts';
import { clientTls } from '../../http/client-tls.ts';
import { DirectoryTarget } from './directory.ts';
import type { MirrorTarget } from './target.ts';
import { WebdavTarget } from './webdav.ts';

/**
 * The way to write to a mirror that its configuration names. Throws an Error that names the key when a certificate
 * cannot be used.
 */
export async function openTarget({ name, write }: MirrorConfig): Promise<MirrorTarget> {
  if ('directory' in write) return new DirectoryTarget(write.directory);
  const { webdav: url, username, password, clientcertificate: certificate, clientkey: key, rootcas } = write;
  const keys = { certificate: 'clientcertificate', key: 'clientkey', rootCas: 'rootcas' };
  const isOwn = certificate !== undefined || rootcas.length > 0;
  const dispatcher = isOwn
    ? await clientTls({
        ...{ certificate, key, rootCas: rootcas },
        nameOf: (file) => `mirrors: ${name}: write.${keys[file]}`,
      })
    : undefined;
  return new WebdavTarget({ url, username, password, dispatcher });
}
