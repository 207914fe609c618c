import { clientNetworksOf } from '../../../services/registry/access/client-key.ts';
import { HOUR_MS, type Login, MAX_WAIT_MS } from './world.ts';

interface Failure {
  readonly at: number;
  readonly account: string;
  readonly client: string;
  readonly network: string;
  readonly supernet: string;
}

const QUARTER_MS = HOUR_MS / 4;
const SIX_HOURS_MS = 6 * HOUR_MS;

/** A counter with a gate: what `free` failures an hour allow, then a wait that doubles. */
class Doubling {
  count = 0;
  endsAt = 0;
  opensAt = 0;

  /** How long an attempt waits; passing the gate closes it again. */
  waitMs(now: number, free: number): number {
    if (now >= this.endsAt) this.count = 0;
    if (this.count < free) return 0;
    if (now < this.opensAt) return this.opensAt - now;
    this.opensAt = now + Math.min(1000 * 2 ** (this.count - free), MAX_WAIT_MS);
    return 0;
  }

  add(now: number): void {
    if (this.count === 0) this.endsAt = now + HOUR_MS;
    this.count++;
  }
}

/**
 * The login guard's rules (docs/decisions/0021-login-guard.md), dull: lists of failures without a bound, one attempt at a
 * time, IPv4 only, and nobody polls more than a budget of polls allows.
 */
export function dullGuard(clock: { readonly nowMs: number }, attempts: number): Login {
  const known = new Set<string>();
  const wrong = new Set<string>();
  const pairs = new Map<string, Doubling>();
  const clients = new Map<string, Doubling>();
  const repeats = new Map<string, Doubling>();
  const repeated = new Set<string>();
  const inHour: Failure[] = [];
  const inDay: Failure[] = [];
  const of = (map: Map<string, Doubling>, key: string) => {
    const one = map.get(key) ?? new Doubling();
    map.set(key, one);
    return one;
  };
  /** Those within the current part of a window and the four before. */
  const recent = (list: readonly Failure[], account: string, partMs: number) =>
    list.filter(
      (one) => one.account === account && Math.floor(one.at / partMs) >= Math.floor(clock.nowMs / partMs) - 4,
    );

  return async (account, address, password) => {
    const now = clock.nowMs;
    const { client, network, supernet } = clientNetworksOf(address);
    const seconds = (waitMs: number) => Math.max(1, Math.ceil(waitMs / 1000));
    const pair = of(pairs, `${client} ${account}`);
    const isKnown = known.has(`${client} ${account}`);
    const isRight = password === 'right';
    const credentials = `${client} ${account} ${password}`;
    const isRepeated = repeated.has(credentials);
    const all = isRepeated ? of(repeats, client) : of(clients, client);
    const counters = isKnown ? [pair] : [all, pair];
    for (const counter of counters) {
      const waitMs = counter.waitMs(now, counter === pair ? attempts : (isRepeated ? 40 : 10) * attempts);
      if (waitMs > 0) return seconds(waitMs);
    }
    const guess = `${network} ${account} ${password}`;
    if (!isKnown && !wrong.has(guess)) {
      const hour = recent(inHour, account, QUARTER_MS).length;
      const day = recent(inDay, account, SIX_HOURS_MS);
      const near = day.filter((one) => one.network === network).length;
      const around = day.filter((one) => one.supernet === supernet).length;
      const limits = [Number.POSITIVE_INFINITY, 2.5, near === 0 ? 2 : 1.5];
      const limit = Math.round((limits[around] ?? (near === 0 ? 2 : 1)) * attempts);
      if (hour >= attempts && hour >= limit) return seconds(QUARTER_MS - (now % QUARTER_MS));
      if (!isRight) {
        const failure = { at: now, account, client, network, supernet };
        inHour.push(failure);
        if (hour >= attempts) inDay.push(failure);
        wrong.add(guess);
      }
    }
    if (isRight) {
      known.add(`${client} ${account}`);
      pairs.delete(`${client} ${account}`);
      return 'known';
    }
    if (!isKnown) repeated.add(credentials);
    for (const counter of counters) counter.add(now);
    return 'unknown';
  };
}
