import { fileURLToPath } from 'node:url';
import { cpuSeconds } from '../../support/cpu.ts';
import { run } from '../../support/process.ts';
import { STABLE, TAG } from '../image.ts';
import { wrk } from '../load/wrk.ts';
import type { Lane, Sample } from '../measure.ts';
import type { Server } from '../servers/server.ts';

export const LOGINS_A_SECOND = 1000;

const PROGRAM = fileURLToPath(new URL('./asking.ts', import.meta.url));
const PATH = `/v2/${STABLE}/manifests/${TAG}`;
const CONNECTIONS = 64;
/** The one who asks starts before the pulls, and goes on until they are over. */
const AROUND_SECONDS = 1;

/** What those who tried to log in heard: how often which status, over all rounds. */
export class Heard {
  readonly statuses = new Map<string, number>();
  retryAfter = 0;

  add(printed: string): void {
    const { statuses, retryAfter } = JSON.parse(printed) as {
      statuses: Record<string, number>;
      retryAfter: number;
    };
    for (const [status, times] of Object.entries(statuses))
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + times);
    this.retryAfter += retryAfter;
  }

  toString(): string {
    const total = [...this.statuses.values()].reduce((sum, times) => sum + times, 0);
    const parts = [...this.statuses].sort().map(([status, times]) => `${status}: ${times}`);
    return `of ${total} log-ins asked for, ${parts.join(', ')}; ${this.retryAfter} with Retry-After`;
  }
}

/**
 * Pulls of the anonymous: alone, while as many requests go to a bare server (which costs the machine what asking does),
 * and while as many log-ins with wrong passwords are asked of the registry.
 */
export function loginLanes(registry: Server, elsewhere: Server, seconds: number, heard: Heard): Lane[] {
  const pulls = async (): Promise<Sample> => {
    const before = cpuSeconds(registry.daemon.pid);
    const result = await wrk(`${registry.url}${PATH}`, { connections: CONNECTIONS, seconds });
    const used = cpuSeconds(registry.daemon.pid) - before;
    return {
      rate: result.requests / result.seconds,
      cpuSeconds: used / result.requests,
      p99Ms: result.p99Ms,
    };
  };
  const meanwhile = async (url: string, hear: (printed: string) => void): Promise<Sample> => {
    const lasting = String(seconds + 2 * AROUND_SECONDS);
    const asking = run(process.execPath, [PROGRAM, url, String(LOGINS_A_SECOND), lasting]);
    const [sample, { stdout }] = await Promise.all([pulls(), asking]);
    hear(stdout);
    return sample;
  };
  const lane = (contender: Lane['contender'], label: string, measure: Lane['measure']): Lane => ({
    ...{ contender, label, measure },
    warmUp: async () => void (await pulls()),
  });
  return [
    lane('nobody', 'nobody logs in', pulls),
    lane('elsewhere', 'as many requests go elsewhere', () =>
      meanwhile(`${elsewhere.url}${PATH}`, () => undefined),
    ),
    lane('here', `${LOGINS_A_SECOND} log-ins a second are asked for`, () =>
      meanwhile(`${registry.url}/auth/token?service=bench`, (printed) => heard.add(printed)),
    ),
  ];
}
