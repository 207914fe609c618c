import { z } from 'zod';
import { digestOf } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/names.ts';
import { encodeJson, tryParseJson } from '../../storage/json.ts';
import { turnKey, turnsPrefix } from '../../storage/layout.ts';
import { Numbered } from '../../storage/numbered.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { ANY_CHANGE, ChangesSchema } from './change.ts';

/** As many hexadecimal digits as a safe integer can hold. */
const BEAT_DIGITS = 13;
const RECORD_MAX_BYTES = 8 * 1024 * 1024;
/** After a power cut no process is in a turn, and none remembers one. */
const NOT_DURABLE = { durable: false };

const DoubtSchema = z.object({ turn: z.int().positive(), changes: ChangesSchema });

/** Changes of an earlier turn that may still take effect: a write got no certain answer, or its process died. */
export type Doubt = Readonly<z.infer<typeof DoubtSchema>>;

const TurnSchema = z.object({
  version: z.literal(1),
  /** The process that takes the turn, as a {@link TurnOwner} names it. */
  holder: z.string(),
  /** Counts the holder's writes; others watch it move instead of comparing clocks. */
  beat: z.int().nonnegative(),
  isOver: z.boolean(),
  /** What the holder changes. */
  changes: ChangesSchema,
  doubts: z.array(DoubtSchema),
});

/** This process, for other processes that may see that it has ended. */
export interface TurnOwner {
  readonly name: string;
  /** Whether a process has certainly ended. */
  isGone(name: string): boolean;
}

/** A turn as it is stored. */
export type TurnRecord = Readonly<z.infer<typeof TurnSchema>>;

/** A turn, and its number. */
export interface NumberedTurn {
  readonly number: number;
  readonly record: TurnRecord;
}

interface LookOptions {
  readonly from?: number | undefined;
  readonly floor?: number | undefined;
  readonly isProbed?: boolean;
}

/** The turns of one repository: objects `_roadstead/changes/<number>`, of which the highest counts. */
export class TurnStore {
  readonly #turns: Numbered;
  readonly #endsWithProcess: boolean;

  constructor(objects: ObjectStore, repository: RepositoryName) {
    this.#endsWithProcess = objects.writesEndWithProcess;
    const keyOf = (number: number) => turnKey(repository, number);
    this.#turns = new Numbered(objects, {
      ...{ prefix: turnsPrefix(repository), keyOf, maxBytes: RECORD_MAX_BYTES },
    });
  }

  /**
   * The newest turn, looked for from a number on that is known to have existed; undefined before the first. A listing may
   * lag (Swift): `floor` is the highest number that is known, whatever the listing shows, and `isProbed` asks for the
   * numbers that come next by themselves.
   */
  async newest({ from = 0, floor = 0, isProbed = false }: LookOptions): Promise<NumberedTurn | undefined> {
    const listed = await this.#turns.newest(undefined, Math.max(0, from - 1));
    let number = Math.max(floor, listed?.number ?? 0);
    if (isProbed || number !== (listed?.number ?? 0)) while (await this.#turns.has(number + 1)) number++;
    if (number === 0) return undefined;
    const bytes = number === listed?.number ? listed.bytes : await this.#turns.read(number);
    return { number, record: bytes ? this.#recordOf(bytes) : unreadable(Buffer.alloc(0)) };
  }

  /** Whether a turn came after this one, which was the newest a short while ago. */
  async hasAfter(number: number): Promise<boolean> {
    return this.#turns.has(number + 1);
  }

  #recordOf(bytes: Buffer): TurnRecord {
    const record = tryParseJson(TurnSchema, bytes);
    if (record) return record;
    // Where nothing comes after the end of a process, nothing comes after a power cut.
    return this.#endsWithProcess && isTorn(bytes) ? TORN : unreadable(bytes);
  }

  /** Takes a number; of any number of racers, exactly one gets it. */
  async take({ number, record }: NumberedTurn): Promise<boolean> {
    return (await this.#turns.putIfAbsent(number, encodeJson(record), NOT_DURABLE)) === 'created';
  }

  /** Writes a turn whose number belongs to the caller. */
  write({ number, record }: NumberedTurn): Promise<void> {
    return this.#turns.overwrite(number, encodeJson(record), NOT_DURABLE);
  }

  /** Deletes the turns before this one. */
  async deleteBelow(number: number): Promise<void> {
    await this.#turns.deleteBelow(number);
  }
}

/**
 * A turn that cannot be read, such as one of a later version, is somebody's: it is outwaited like any other, and anything
 * may be in doubt after it.
 */
function unreadable(bytes: Buffer): TurnRecord {
  // Another number whenever the bytes are others.
  const beat = Number.parseInt(digestOf(bytes).slice(-BEAT_DIGITS), 16);
  return { version: 1, holder: '', beat, isOver: false, changes: [ANY_CHANGE], doubts: [] };
}

/** After a power cut. */
const TORN: TurnRecord = { version: 1, holder: '', beat: 0, isOver: true, changes: [], doubts: [] };

/** No version writes what is not JSON, and none is seen to write. */
function isTorn(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return false;
  } catch {
    return true;
  }
}
