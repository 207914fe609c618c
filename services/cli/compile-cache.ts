import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Keeps compiled code: short commands spend most of their time starting. In the user's own cache, and not where Node keeps
 * it by default: below /tmp, under a name that is known, anybody may put code for us to run.
 */
export function keepCompiledCode(): void {
  const { XDG_CACHE_HOME: own = '' } = process.env;
  const caches = isAbsolute(own) ? own : join(homedir(), '.cache');
  // A variable of Node's comes first. Without a home that can be written, nothing is kept.
  enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? join(caches, 'roadstead'));
}
