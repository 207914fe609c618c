import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NotificationEvent } from '../../services/registry/notifications/event.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import type { StaticMirror } from '../faults/static-mirror.ts';
import { type Receiver, startReceiver } from '../notifications/receiver.ts';
import { type Death, Life } from './life.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { type RecordingOptions, RecordingStore } from './recording-store.ts';
import type { Scenario, World } from './scenario.ts';
import { buryHolders, type Stored } from './stored.ts';
import { StoryTime } from './story-time.ts';

/** What all runs share: a directory, and a web server over the mirrors in it. */
export interface Lab {
  readonly home: string;
  readonly web: StaticMirror;
  readonly recording: RecordingOptions;
  /** Each story has a time of its own. */
  readonly hasStoryTime?: boolean;
  /** What comes before the store of each process, and before its calls count as made; nothing unless given. */
  readonly over?: (objects: ObjectStore, run: Pick<Run, 'life' | 'stored' | 'time'>) => ObjectStore;
}

/** Where a scenario begins: what was acknowledged before. */
export interface Beginning {
  readonly stored: Stored;
  readonly memory: ReadonlyMap<string, string>;
  /** The mirror's files; none unless given. */
  readonly mirrorDirectory?: string;
}

let runs = 0;

/** What a process is that died before it was one. */
const NOTHING: RunningProcess = {
  url: '',
  shutDown: async () => undefined,
  hangUp: () => undefined,
  handled: async () => undefined,
  clearAway: () => undefined,
};

/** One bucket, one client, and the lives of the processes over them. */
export class Run implements AsyncDisposable {
  readonly stored: Stored;
  readonly memory: Map<string, string>;
  readonly time: StoryTime | undefined;
  readonly #lab: Lab;
  readonly #scenario: Scenario;
  readonly #name = `run-${++runs}`;
  readonly #accepted: NotificationEvent[] = [];
  readonly #beginning: Beginning;
  #receiver: Receiver | undefined;
  #process: RunningProcess | undefined;
  life = new Life();

  /** `beside`: another run, whose bucket and client this one shares. */
  constructor(lab: Lab, scenario: Scenario, beginning: Beginning, beside?: Run) {
    this.#lab = lab;
    this.#scenario = scenario;
    this.#beginning = beginning;
    this.stored = beside?.stored ?? beginning.stored.copy();
    this.time = beside?.time ?? (lab.hasStoryTime ? new StoryTime() : undefined);
    this.memory = beside?.memory ?? new Map(beginning.memory);
  }

  get mirrorDirectory(): string {
    return join(this.#lab.home, this.#name);
  }

  /** Starts a process, to die as told; false when it died meanwhile. */
  async start(death?: Death): Promise<boolean> {
    const { hasMirror, hasReceiver, isAudited = false } = this.#scenario;
    this.life = new Life(death);
    if (hasMirror && this.#process === undefined) await this.#makeMirror();
    if (hasReceiver) this.#receiver = await startReceiver();
    const { isImmutable } = this.#scenario;
    const recording = new RecordingStore(this.stored, this.life, { ...this.#lab.recording, isImmutable });
    const objects = this.#lab.over?.(recording, this) ?? recording;
    const starting = startProcess(objects, this.life, {
      ...{ isAudited, time: this.time },
      ...(hasMirror && {
        mirror: { directory: this.mirrorDirectory, url: `${this.#lab.web.url}/${this.#name}` },
      }),
      ...(this.#receiver && { receiverUrl: this.#receiver.url }),
    });
    const process = await Promise.race([starting, this.life.died]);
    // One that died by what it did in the background may come to the end of its start all the same.
    if (process === undefined) void starting.then((dead) => dead.clearAway());
    this.#process = process ?? NOTHING;
    this.#objects = objects;
    return process !== undefined;
  }

  #objects: ObjectStore | undefined;

  /** Lets the process that runs do something; false when it died meanwhile. */
  async let(act: (world: World) => Promise<void>): Promise<boolean> {
    // Of two that are ready at once the one that was asked first wins: an answer that came is an answer.
    const done = act(this.world).then(() => true);
    done.catch(() => undefined);
    return Promise.race([
      done.catch((error: unknown) => {
        // The dead hang up: what a client makes of that is no answer.
        if (this.life.isOver) return false;
        throw error;
      }),
      this.life.died.then(() => false),
    ]);
  }

  get world(): World {
    if (this.#process === undefined || this.#objects === undefined) throw new Error('nothing runs');
    return {
      url: this.#process.url,
      objects: this.#objects,
      stored: this.stored,
      ...{ memory: this.memory, time: this.time },
      mirrorDirectory: this.mirrorDirectory,
      accepted: () => [...this.#accepted, ...(this.#receiver?.accepted() ?? [])],
      shutDown: this.#process.shutDown,
    };
  }

  /** Breaks off the requests of its clients; what they began goes on. */
  hangUp(): void {
    this.#process?.hangUp();
  }

  /** Settles when the process is done with all that its clients have asked for. */
  async handled(): Promise<void> {
    await this.#process?.handled();
  }

  /** Ends the process without a word, as SIGKILL does. */
  async kill(): Promise<void> {
    await this.life.bury();
    this.#process?.clearAway();
    if (this.#receiver) {
      this.#accepted.push(...this.#receiver.accepted());
      await this.#receiver[Symbol.asyncDispose]();
      this.#receiver = undefined;
    }
    buryHolders(this.stored);
  }

  async #makeMirror(): Promise<void> {
    await mkdir(this.mirrorDirectory, { recursive: true });
    const { mirrorDirectory } = this.#beginning;
    if (mirrorDirectory !== undefined) await cp(mirrorDirectory, this.mirrorDirectory, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
