import { setTimeout as sleep } from 'node:timers/promises';
import { linesOf } from '../release/promoting.ts';
import type { Actor, Part } from './actors.ts';
import type { Recorder } from './recorder.ts';
import { outcomeOf, type Sender } from './sender.ts';

const REST_MS = { least: 100, most: 700 } as const;
const READS = 4;

/** Promotes candidates into tags of a stable repository, and reads these. */
export class Promoter implements Actor {
  readonly #part: Part;
  readonly #candidates: string;
  readonly #releases: Sender;
  readonly #recorder: Recorder;

  /** `candidates` is the repository that has each manifest under its label. */
  constructor(part: Part, candidates: string, releases: Sender, recorder: Recorder) {
    this.#part = part;
    this.#candidates = candidates;
    this.#releases = releases;
    this.#recorder = recorder;
  }

  async step(): Promise<void> {
    const { name, repository, random } = this.#part;
    const tag = random.pick(repository.tags) as string;
    if (random.chance(0.5)) await this.#promote(tag);
    for (let i = 0; i < READS; i++) {
      await repository.read(name, tag);
      await sleep(random.int(REST_MS.least, REST_MS.most) / READS);
    }
  }

  async #promote(tag: string): Promise<void> {
    const { name, repository, turns } = this.#part;
    const { label } = turns.take();
    const sent = await this.#releases.send('POST', '/api/v1/promotions', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        source: `${this.#candidates}:${label}`,
        target: `${repository.name}:${tag}`,
        actor: name,
      }),
    });
    const outcome = outcomeOf(sent);
    if (outcome === 'failed') return;
    const last = sent.answer?.status === 200 ? linesOf(sent.answer).at(-1) : undefined;
    const isDone = last?.event === 'done';
    if (isDone) this.#recorder.count('promotions');
    this.#recorder.add(`${repository.name}:${tag}`, {
      client: `${name} at ${sent.at}`,
      action: { kind: 'write', value: label },
      startMs: sent.startMs,
      endMs: isDone ? sent.endMs : Number.POSITIVE_INFINITY,
    });
  }
}
