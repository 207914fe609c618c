import { connect, type TcpNetConnectOpts } from 'node:net';
import type { Check } from '../check.ts';
import { fault, pass } from '../finding.ts';
import { inWords, SILENCE_MS } from '../trouble.ts';

/** Whether the port accepts connections. */
export const connection: Check = {
  name: 'connection',
  needs: ['names'],
  async run({ host, port, lookup }) {
    const startedAt = performance.now();
    const failure = await connects({ host, port, lookup, autoSelectFamily: true });
    if (failure !== undefined) return fault(`${host} port ${port}: ${inWords(failure)}`);
    return pass(`connected in ${Math.ceil(performance.now() - startedAt)} ms`);
  },
};

/** Opens a connection and closes it; what went wrong, or undefined. */
export function connects(options: TcpNetConnectOpts): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect(options);
    const end = (failure?: unknown) => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(SILENCE_MS, () =>
      end(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })),
    );
    socket.once('connect', () => end());
    socket.once('error', end);
  });
}
