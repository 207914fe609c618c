import { spawnSync } from 'node:child_process';
import { run } from '../process.ts';

/** The addresses of machines: a bridge that only they and this machine are on. */
export interface Bridge extends AsyncDisposable {
  readonly name: string;
  /** This machine's own address there. */
  readonly host: string;
  /** The address of the machine with a number, from 0. */
  addressOf(index: number): string;
}

/** Bits of the netmask of each bridge. */
export const PREFIX_BITS = 24;
const FIRST_MACHINE = 10;

const made = new Set<string>();
process.on('exit', () => {
  for (const name of made) spawnSync('ip', ['link', 'delete', name]);
});

/** Makes a bridge with a network that no other run of the tests on this machine has. */
export async function openBridge(): Promise<Bridge> {
  for (let network = 0; network < 256; network++) {
    const name = `rsbr${network}`;
    // Only one of several runs can make the bridge of a name.
    const { code } = await run('ip', ['link', 'add', name, 'type', 'bridge'], { allowFailure: true });
    if (code !== 0) continue;
    made.add(name);
    const host = `10.177.${network}.1`;
    await run('ip', ['address', 'add', `${host}/${PREFIX_BITS}`, 'dev', name]);
    await run('ip', ['link', 'set', name, 'up']);
    return {
      ...{ name, host },
      addressOf: (index) => `10.177.${network}.${FIRST_MACHINE + index}`,
      async [Symbol.asyncDispose]() {
        await run('ip', ['link', 'delete', name], { allowFailure: true });
        made.delete(name);
      },
    };
  }
  throw new Error('no network is free for the machines of the tests: remove the bridges rsbr…');
}
