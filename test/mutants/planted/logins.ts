import { type Mutant, mutantsOf } from '../mutant.ts';

const GUARD = 'services/registry/access/login-guard';
const guard = {
  tests: ['test/edge/guard/costs.test.ts', 'test/edge/login-guard.test.ts', 'test/edge/guard/twin.test.ts'],
};
const atOnce = { tests: ['test/edge/guard/at-once.test.ts'] };
const budgets = { tests: [...guard.tests, 'test/edge/guard/simulation.test.ts'] };
const queue = { tests: ['test/unit/login-queue.test.ts'] };
const memory = {
  tests: ['test/edge/login-guard.test.ts', 'test/contract/memory.test.ts'],
  grep: 'counts ',
};
const redis = { tests: ['test/redis/login-guard.test.ts', 'test/redis/attempts.test.ts'] };

/** How guesses at passwords are slowed down, and who is let in meanwhile. */
export const OF_LOGINS: readonly Mutant[] = [
  ...mutantsOf(`${GUARD}/guard.ts`, guard, [
    [
      'that trusted networks do not wait',
      'if (this.#isTrusted(who.address)) return authenticate(known);',
      '',
    ],
    ['that the same login is made once', 'if (underWay) return underWay;', ''],
    [
      'that what was right is believed for a moment',
      "if (answer.outcome === 'known') this.#proven.set",
      'if (false as boolean) this.#proven.set',
    ],
    ['that what is wrong now is not believed', 'else this.#proven.delete(same);', ''],
    [
      'that a known client has its own counter',
      '(await this.#counts.read(known)) > 0',
      '(await this.#counts.read(known)) > 1e9',
    ],
    ['that a client becomes known', '      await this.#counts.mark(known, KNOWN_MS);\n', ''],
    ['that right passwords end the count', '      await this.#counts.forget(tier.key);\n', ''],
    ['the wait of a pair', 'const waitMs = await this.#pairs.enter(pair);', 'const waitMs = 0;'],
    [
      'the wait of an account',
      "if ('waitMs' in made) throw refusal(made.waitMs);",
      "if ('waitMs' in made) return act();",
    ],
    [
      'that a right password costs a client nothing',
      "if (answer.outcome === 'known') await takeBack();\n      else if (!isRepeated)",
      'if (!isRepeated)',
    ],
    [
      'that what was not made costs a client no failure',
      '      if (!isMade || !isTooMany(error)) await takeBack();\n',
      '',
    ],
    [
      'that a busy source costs as much as a failure',
      '(!isMade || !isTooMany(error))',
      '(!isMade || isTooMany(error))',
    ],
    [
      'that polls are counted',
      '      if (isPastPair && !isMade && isTooMany(error)) this.#clients.countPoll(networks);\n',
      '',
    ],
    ['that a repeated password is no guess', '    if (this.#wrong.has(guess)) return act();\n', ''],
    [
      'that what a pair refuses is no poll',
      '      if (isPastPair && !isMade && isTooMany(error))',
      '      if (!isMade && isTooMany(error))',
    ],
    [
      'that a repeated password leaves its neighbours alone',
      'const isRepeated = this.#repeated.has(credentials);',
      'const isRepeated = false as boolean;',
    ],
  ]),
  ...mutantsOf(`${GUARD}/outcomes.ts`, guard, [
    [
      'that attempts without an answer are no failures',
      "if (answer?.outcome !== 'unknown') await takeBack();",
      "if (answer?.outcome === 'known') await takeBack();",
    ],
  ]),
  ...mutantsOf(`${GUARD}/client-budget.ts`, budgets, [
    ['the failures of a client', 'const FREE_A_CLIENT = 10;', 'const FREE_A_CLIENT = 10_000;'],
    ['the failures of a network', 'const FREE_A_NETWORK = 100;', 'const FREE_A_NETWORK = 100_000;'],
    ['the failures of a supernet', 'const FREE_A_SUPERNET = 400;', 'const FREE_A_SUPERNET = 400_000;'],
    ['the number of polls', '    if (waitMs > 0) return { waitMs };\n    const entered', '    const entered'],
    [
      'that a refused attempt counts nowhere',
      '      for (const each of entered) await this.#failures.takeBack(each);\n',
      '',
    ],
    ['that a refused attempt is a poll', '      if (!isRepeated) this.countPoll(who);\n', ''],
    ['the budget of repeated passwords', 'const REPEATED_TIMES = 4;', 'const REPEATED_TIMES = 4000;'],
  ]),
  ...mutantsOf(`${GUARD}/strangers-budget.ts`, budgets, [
    ['the failures that an account allows', 'return this.#attempts;\n', 'return 1e9;\n'],
    ['the failures from a network that guessed', 'if (near === 0) return 2 * this.#attempts;', 'return 1e9;'],
    ['the turn of a network that is new', 'if (around === 0) return Number.POSITIVE_INFINITY;', ''],
    ['that a refused attempt leaves no key', '    await takeBack();\n', ''],
    ['the day of a network', 'windowMs: 24 * HOUR_MS', 'windowMs: HOUR_MS / 60'],
  ]),
  ...mutantsOf(`${GUARD}/strangers-budget.ts`, atOnce, [
    [
      'that two at once are not both the first',
      'const others = (points[0]?.total ?? 1) - 1;',
      'const others = before;',
    ],
  ]),
  ...mutantsOf(`${GUARD}/sliding-count.ts`, budgets, [
    [
      'the earlier parts of a window',
      'return (await Promise.all(parts)).reduce((sum, count) => sum + count, 0);',
      'return 0 * parts.length;',
    ],
    [
      'what is taken back',
      'void (await counts.add(current, -1, lifeMs))',
      'void (await counts.add(current, 0, lifeMs))',
    ],
    ['how long a part lives', 'const lifeMs = windowMs + this.#partMs;', 'const lifeMs = this.#partMs;'],
  ]),
  ...mutantsOf(`${GUARD}/doubling-wait.ts`, guard, [
    ['the doubling', 'FIRST_WAIT_MS * 2 ** Math.min(excess, 30)', 'FIRST_WAIT_MS'],
    [
      'that others at the same time count',
      '    if (after <= free) return 0;\n',
      '    if (after > 0) return 0;\n',
    ],
  ]),
  ...mutantsOf(`${GUARD}/doubling-wait.ts`, atOnce, [
    ['that what waits is not counted', '    if (waitMs > 0) await this.takeBack({ key });\n', ''],
  ]),
  ...mutantsOf(`${GUARD}/account-name.ts`, guard, [
    ['letters of both cases', '\n    .toLowerCase()', ''],
    ['what is percent-encoded', '(decoded(user || name) ?? name)', '(user || name)'],
    ['accents', "\n    .replace(/[\\p{M}\\p{Cf}]/gu, '')", ''],
    ['the domain of a name', "const [user = ''] = name.split('@');", 'const user = name;'],
  ]),
  ...mutantsOf(`${GUARD}/account-turns.ts`, guard, [
    [
      'that attempts wait for those under way',
      'if (admission.takeBack === undefined && turns.underWay.size > 0)',
      'if (admission.takeBack === undefined && turns.underWay.size > 1e9)',
    ],
  ]),
  ...mutantsOf('services/accounts/login-queue.ts', queue, [
    ['that known clients go first', '    if (known) return known;\n', ''],
    [
      'that strangers give up places',
      'if (!isKnown && !isFairer) return false;',
      'if (!isFairer) return false;',
    ],
    ['the number of those that wait', 'this.#waiting >= this.#options.waiting &&', 'this.#waiting >= 1e9 &&'],
    [
      'the turns of networks',
      'this.#lastTurn(other) < this.#lastTurn(one) ? other : one,\n    );\n    this',
      'one,\n    );\n    this',
    ],
    [
      'that the largest network gives up places',
      'isWorse(other, one) ? other : one',
      'isWorse(one, other) ? other : one',
    ],
    [
      'the end of a wait',
      'const timer = setTimeout(refuse, this.#options.waitMaxMs);',
      'const timer = setTimeout(() => undefined, 1);',
    ],
    [
      'how many are checked at once',
      'if (next === undefined) this.#running--;',
      'this.#running--;\n      if (next === undefined) void 0;',
    ],
  ]),
  ...mutantsOf('services/memory/attempts.ts', memory, [
    [
      'the bound of counts',
      'const options = { maxSize: keysMax,',
      'const options = { maxSize: keysMax * 1000,',
    ],
    [
      'that kinds do not displace each other',
      'new Map(ATTEMPT_KINDS.map((kind) => [kind, new LRUCache<string, Entry>(options)]))',
      '((one) => new Map(ATTEMPT_KINDS.map((kind) => [kind, one])))(new LRUCache<string, Entry>(options))',
    ],
    ['the end of a count', 'if (entry.endsAt > now) return entry;', 'if (entry.count > 0) return entry;'],
    ['that a wait is one', 'if (entry.opensAt > now) return entry.opensAt - now;', ''],
    ['that a window begins with the first', 'entry && entry.count > 0 ? entry.endsAt : ', ''],
  ]),
  ...mutantsOf('services/redis/attempts.ts', redis, [
    [
      'the end of a mark',
      "await this.#commands.set(this.#count(key), value, 'PX', windowMs);",
      'await this.#commands.set(this.#count(key), value);',
    ],
    [
      'the counts of this process while Redis is down',
      '      return instead();\n    }\n  }',
      '      return 0 as T;\n    }\n  }',
    ],
    ['that a silent Redis is not asked each time', 'this.#pausedUntil = performance.now() + PAUSE_MS;', ''],
  ]),
  ...mutantsOf('services/redis/attempt-scripts.ts', redis, [
    ['the end of a count in Redis', ", 'PX', string.format('%.0f', ends - now))", ')'],
    ['the end of a gate in Redis', ", 'PX', string.format('%.0f', duration))", ')'],
    ['that counts of nothing leave Redis', "if held then redis.call('DEL', KEYS[1]) end", ''],
  ]),
];
