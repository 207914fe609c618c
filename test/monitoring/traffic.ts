import { randomInt } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 40;
const TIMEOUT_MS = 10_000;

/** What clients ask for, again and again. */
export interface Wanted {
  readonly name: string;
  readonly tag: string;
  /** Digests of blobs; each request for one comes from a client of its own. */
  readonly blobs: readonly string[];
}

/** Clients that pull as long as it is not disposed. Whatever they are answered is the alerts' business. */
export interface Traffic extends AsyncDisposable {
  /** What they ask for from now on, in turns. */
  wanted: readonly Wanted[];
}

/** Lets clients pull from the node at `url`. */
export function startTraffic(url: string, wanted: readonly Wanted[]): Traffic {
  let isOver = false;
  const traffic: Traffic = {
    wanted,
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(working);
    },
  };
  const pulling = async () => {
    for (let i = 0; !isOver; i++) {
      const now = traffic.wanted[i % traffic.wanted.length];
      const asks = now ? [`manifests/${now.tag}`, ...now.blobs.map((digest) => `blobs/${digest}`)] : [];
      for (const path of asks) {
        await pull(`${url}/v2/${now?.name}/${path}`).catch(() => undefined);
        await sleep(PAUSE_MS);
      }
    }
  };
  // Several, so that the slow ones do not keep the rest from pulling.
  const working = [pulling(), pulling(), pulling()];
  return traffic;
}

/** One request of a client that no node has met before, with the redirects that it is sent. */
async function pull(url: string): Promise<number | undefined> {
  const localAddress = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(2, 255)}`;
  let next = url;
  for (let hops = 0; hops < 3; hops++) {
    const answer = await ask(next, localAddress);
    await buffer(answer);
    const { location } = answer.headers;
    if (location === undefined) return answer.statusCode;
    next = new URL(location, next).href;
  }
  return undefined;
}

function ask(url: string, localAddress: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { localAddress, agent: false, timeout: TIMEOUT_MS, headers: { accept: '*/*' } };
    const request = get(url, options, resolve).once('error', reject);
    request.once('timeout', () => request.destroy(new Error('no answer')));
  });
}
