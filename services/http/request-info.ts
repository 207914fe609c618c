import type { RequestInfo } from '../registry/notifications/event.ts';
import type { Context } from './context.ts';

/**
 * What notifications say about the request that made a change. The actor is the authenticated principal, unless the
 * caller knows better; a name that was not verified is left out.
 */
export function requestInfoOf(ctx: Context, baseUrl: string, actor = ctx.state.principal.name): RequestInfo {
  const { remoteAddress = '', remotePort } = ctx.req.socket;
  const { clientAddress } = ctx.state;
  const isPeer = remoteAddress.endsWith(clientAddress) && remotePort !== undefined;
  const host = clientAddress.includes(':') ? `[${clientAddress}]` : clientAddress;
  return {
    id: ctx.state.requestId,
    // As in Distribution: with the port when the client is the peer.
    addr: isPeer ? `${host}:${remotePort}` : clientAddress,
    host: ctx.get('host'),
    method: ctx.method,
    userAgent: ctx.get('user-agent'),
    actor,
    baseUrl,
  };
}
