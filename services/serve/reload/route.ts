import type { Socket } from 'node:net';
import { plain } from '../../http/forwarded.ts';
import type { Route } from '../../http/routes.ts';
import { isLoopback } from '../../registry/access/networks.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { Reloader } from './reloader.ts';

/**
 * `POST /debug/reload`: 200 with what was reloaded and what needs a restart, 422 with the problems. For clients of this
 * machine only, wherever the port listens.
 */
export function reloadRoute(reloader: Pick<Reloader, 'reload'>): Route {
  return {
    method: 'POST',
    path: '/debug/reload',
    name: 'debug-reload',
    async handle(ctx) {
      if (!isOfThisMachine(ctx.req.socket))
        throw new RegistryError(
          'DENIED',
          'a reload is for clients of this machine only: send the process SIGHUP',
        );
      const result = await reloader.reload('roadstead reload');
      ctx.status = 'problems' in result ? 422 : 200;
      ctx.body = result;
    },
  };
}

/** A connection from the address that it leads to, whichever that is, comes from the same machine. */
function isOfThisMachine({ remoteAddress = '', localAddress }: Socket): boolean {
  return isLoopback(plain(remoteAddress)) || (remoteAddress !== '' && remoteAddress === localAddress);
}
