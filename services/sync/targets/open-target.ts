import type { MirrorConfig } from '../../config/schema.ts';
import { DirectoryTarget } from './directory.ts';
import type { MirrorTarget } from './target.ts';
import { WebdavTarget } from './webdav.ts';

/** The way to write to a mirror that its configuration names. */
export function openTarget(write: MirrorConfig['write']): MirrorTarget {
  if ('directory' in write) return new DirectoryTarget(write.directory);
  return new WebdavTarget({ url: write.webdav, username: write.username, password: write.password });
}
