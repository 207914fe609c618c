import { randomInt } from 'node:crypto';
import { run } from '../support/process.ts';

/** A network of containers, on this machine alone; its machine has the first address. */
export interface Bridge extends AsyncDisposable {
  readonly name: string;
}

/** Makes a bridge for containers; the machine's firewall is left as it is. */
export async function openBridge(): Promise<Bridge> {
  const name = `rsd${randomInt(1_000_000)}`;
  await run('ip', ['link', 'add', name, 'type', 'bridge']);
  const address = `10.${randomInt(200, 250)}.${randomInt(256)}.1/24`;
  await run('ip', ['address', 'add', address, 'dev', name]);
  await run('ip', ['link', 'set', name, 'up']);
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await run('ip', ['link', 'delete', name], { allowFailure: true });
    },
  };
}
