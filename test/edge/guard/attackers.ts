import { type Clock, HOUR_MS, type Login } from './world.ts';

/** Where an attacker is: how many addresses in how many networks. */
export interface Botnet {
  readonly addresses: readonly string[];
}

/** A thousand addresses at ten hosters: 600 of IPv4 in 60 networks of 6 hosters, 400 networks /48 of 4 hosters. */
export function tenHosters(): Botnet {
  const v4 = Array.from({ length: 600 }, (_, i) => `100.${i % 6}.${i % 60}.${1 + Math.floor(i / 60)}`);
  const v6 = Array.from({ length: 400 }, (_, i) => `2a0${i % 4}:1:${(1 + i).toString(16)}::1`);
  return { addresses: [...v4, ...v6] };
}

/** Addresses with nothing in common. */
export function unrelated(count: number): Botnet {
  return { addresses: Array.from({ length: count }, (_, i) => `${20 + (i % 80)}.${Math.floor(i / 80)}.1.1`) };
}

/** How an attacker with these addresses spends a second; `second` counts from the start. */
export type Strategy = (
  botnet: Botnet,
  second: number,
  attempt: (address: string, name?: string) => Promise<number>,
) => Promise<void>;

/** Every address in turn. */
export const evenly: Strategy = async ({ addresses }, second, attempt) => {
  if (second % 3 === 0) await attempt(addresses[(second / 3) % addresses.length] as string);
};

/** Every address comes back exactly when it is let to, and no earlier. */
export function polling(): Strategy {
  const due = new Map<number, string[]>();
  return async ({ addresses }, second, attempt) => {
    const now = second === 0 ? addresses : (due.get(second) ?? []);
    due.delete(second);
    for (const address of now) {
      const next = second + Math.max(1, await attempt(address));
      due.set(next, [...(due.get(next) ?? []), address]);
    }
  };
}

/** Everybody at once, once, at the turn of each quarter of an hour; in a different order each time. */
export const bursts: Strategy = async ({ addresses }, second, attempt) => {
  if (second % 900 !== 0) return;
  const from = (second * 7919) % addresses.length;
  for (let i = 0; i < addresses.length; i++)
    await attempt(addresses[(from + i) % addresses.length] as string);
};

/** Saves the fresh networks up for one hour, after others have used up what all share. */
export const hoarding: Strategy = async (botnet, second, attempt) => {
  const { addresses } = botnet;
  if (second % 60 === 0) await attempt(addresses[(second / 60) % 3 === 0 ? 0 : 60] as string);
  if (second >= 2 * 3600 && second < 2 * 3600 + addresses.length)
    await attempt(addresses[second - 2 * 3600] as string);
};

/** Addresses that nobody used before, all of one IPv6 provider: a /64, a /48 or both change with each attempt. */
export const hopping: Strategy = async (_, second, attempt) => {
  if (second % 10 !== 0) return;
  const [high, low] = [(second % 65_536).toString(16), ((second * 31) % 65_536).toString(16)];
  await attempt(`2a0f:9:${high}:${low}::1`);
  await attempt(`2a0f:9:1:${low}::1`);
};

/** Spends a number of made-up names a day on making the guard forget, and guesses in between. */
export function madeUpNames(total: number): Strategy {
  let made = 0;
  return async ({ addresses }, second, attempt) => {
    for (; made < (total * (second + 1)) / 86_400; made++)
      await attempt(addresses[made % addresses.length] as string, `made-up-${made}`);
    if (second % 30 === 0) await attempt(addresses[(second / 30) % addresses.length] as string);
  };
}

export interface Day {
  /** When an attacker's guess at alice was looked at. */
  readonly guessedAt: number[];
  /** How long her owner waited over all logins, ms. */
  keptOutMs: number;
  logins: number;
}

export interface Siege {
  readonly clock: Clock;
  readonly login: Login;
  readonly botnet: Botnet;
  readonly strategies: readonly Strategy[];
  /** Where the owner is in this hour. */
  readonly ownerAt: (hour: number) => string;
  readonly hours: number;
}

/** The owner gives up a login after this long. */
const PATIENCE_MS = HOUR_MS / 2;

/** Hours of attacks on alice, whose owner logs in once an hour, from somewhere else each time. */
export async function besiege({ clock, login, botnet, strategies, ownerAt, hours }: Siege): Promise<Day> {
  const day: Day = { guessedAt: [], keptOutMs: 0, logins: 0 };
  let guesses = 0;
  const attempt = async (address: string, name = 'alice') => {
    const outcome = await login(name, address, `guess ${guesses++}`);
    if (typeof outcome === 'number') return outcome;
    if (name === 'alice') day.guessedAt.push(clock.nowMs);
    return 0;
  };
  const startMs = clock.nowMs;
  let owner: { address: string; since: number; nextAt: number } | undefined;
  for (let second = 0; second < hours * 3600; second++) {
    clock.nowMs = startMs + second * 1000;
    for (const strategy of strategies) await strategy(botnet, second, attempt);
    if (second % 3600 === 1800)
      owner = { address: ownerAt(second / 3600), since: clock.nowMs, nextAt: clock.nowMs };
    if (owner === undefined || clock.nowMs < owner.nextAt) continue;
    const outcome = await login('alice', owner.address, 'right');
    const waitedMs = clock.nowMs - owner.since;
    if (typeof outcome === 'number' && waitedMs < PATIENCE_MS) owner.nextAt = clock.nowMs + outcome * 1000;
    else {
      day.keptOutMs += waitedMs;
      if (outcome === 'known') day.logins++;
      owner = undefined;
    }
  }
  return day;
}

/** The most that happened within any hour. */
export function worstHour(times: readonly number[]): number {
  let [worst, from] = [0, 0];
  for (const [to, time] of times.entries()) {
    while (time - (times[from] as number) >= HOUR_MS) from++;
    worst = Math.max(worst, to - from + 1);
  }
  return worst;
}
