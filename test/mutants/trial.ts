import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Checkout } from './copy.ts';
import { type Mutant, planted } from './mutant.ts';

/**
 * `caught`: a test failed. `survived`: all passed, so nothing holds what was dropped. `unloadable`: the broken file does
 * not load, so that a failure shows nothing. `unsound`: the tests fail without the breakage, or none ran.
 */
export type Verdict = 'caught' | 'survived' | 'unloadable' | 'unsound';

const LIMIT_MS = 240_000;
const SUMMARY = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

interface Ended {
  readonly passed: number;
  readonly failed: number;
}

/** Tries mutants in one checkout, one after the other. */
export class Trials {
  readonly #checkout: Checkout;
  /** What each set of tests does without a breakage. */
  readonly #sound = new Map<string, Promise<Ended>>();

  constructor(checkout: Checkout) {
    this.#checkout = checkout;
  }

  /** Runs a mutant's tests without and with its breakage. */
  async try(mutant: Mutant): Promise<Verdict> {
    const key = JSON.stringify([mutant.tests, mutant.grep]);
    const sound = this.#sound.get(key) ?? this.#run(mutant);
    this.#sound.set(key, sound);
    const { passed, failed } = await sound;
    if (failed > 0 || passed === 0) return 'unsound';
    using _ = this.#checkout.change(mutant.file, (text) => planted(mutant, text));
    if (!(await this.#loads(mutant.file))) return 'unloadable';
    const broken = await this.#run(mutant, ['--bail']);
    return broken.failed > 0 ? 'caught' : 'survived';
  }

  async #run({ tests, grep }: Mutant, flags: readonly string[] = []): Promise<Ended> {
    const { output } = await this.#node([
      'test/run.ts',
      ...tests,
      ...flags,
      ...(grep ? ['--grep', grep] : []),
    ]);
    const [, passed, failed] = SUMMARY.exec(output) ?? [];
    // Without its last line a run was ended at the limit: something waits for ever, which no user would miss.
    return passed === undefined
      ? { passed: 0, failed: 1 }
      : { passed: Number(passed), failed: Number(failed) };
  }

  async #loads(file: string): Promise<boolean> {
    const program = `await import(${JSON.stringify(join(this.#checkout.root, file))}); process.exit(0)`;
    return (await this.#node(['--input-type=module', '--eval', program])).code === 0;
  }

  async #node(args: readonly string[]): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, args, {
      cwd: this.#checkout.root,
      env: { ...process.env, NO_INSTALL: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const limit = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), LIMIT_MS);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(limit);
    return { code, output: Buffer.concat(chunks).toString('utf8') };
  }
}
