import { digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import { locate } from '../../services/registry/publishing/mirrors/locate.ts';
import type { MirrorState } from '../../services/registry/publishing/mirrors/mirror-states.ts';
import { blobKeyOf } from '../../services/registry/publishing/mirrors/trouble/client-key.ts';
import { type Doubt, Troubles } from '../../services/registry/publishing/mirrors/trouble/troubles.ts';

/** Where the node itself answers. */
export const ORIGIN = 'origin';

export interface LabOptions {
  readonly mirrors: readonly string[];
  /** @default 1 */
  readonly nodes?: number;
}

/**
 * Nodes with their memories of clients in trouble, a clock that the test moves, and a sync worker that does as the test
 * says. Announcements arrive at once, in order.
 */
export class TroubleLab implements Disposable {
  nowMs = 1_000_000;
  readonly doubts: (Doubt & { atMs: number })[] = [];
  readonly #nodes: Troubles[] = [];
  #states: MirrorState[];

  constructor({ mirrors, nodes = 1 }: LabOptions) {
    this.#states = mirrors.map((name) => ({
      mirror: { name: name as MirrorName, url: `https://${name}.example`, weight: 100, netblocks: [] },
      ...{ watermark: 10, missing: new Set<Sha256Digest>(), healthy: true, reason: undefined },
      ...{ ledger: undefined, cleared: new Map<Sha256Digest, number>() },
    }));
    for (let i = 0; i < nodes; i++) this.#nodes.push(this.#newNode());
  }

  /** A client asks a node for a manifest of the repository that all blobs are of. */
  askForManifest(client: string, digest: Sha256Digest, { node = 0 } = {}): void {
    this.#nodes[node]?.askedForManifest(client, 'app', digest);
  }

  /** A client asks a node for a blob: the mirror that it is sent to, or {@link ORIGIN}. */
  ask(client: string, digest: Sha256Digest, { node = 0, isPart = false } = {}): string {
    const here = this.#nodes[node] as Troubles;
    const ask = { client, repository: 'app', digest, publication: 1, isPart };
    const { history } = here.meet(ask);
    const decision = locate({
      ...{ digest, publication: 1, sizeBytes: 1_000_000, clientAddress: undefined, mirrors: this.#states },
      ...{ smallBlobMaxBytes: 65_536, history, factors: here.weightFactors() },
    });
    const mirror = decision.kind === 'redirect' ? decision.mirror : undefined;
    if (mirror !== undefined || (decision.kind === 'serve' && decision.reason === 'retried'))
      here.note(ask, mirror);
    if (mirror === undefined) return ORIGIN;
    if (!isPart)
      for (const there of this.#nodes)
        if (there !== here) there.heardRedirects([{ key: client, blob: blobKeyOf(digest), mirror }]);
    return mirror;
  }

  /** The sync worker has read a blob from a mirror in full: it was right. */
  refute({ mirror, digest }: Pick<Doubt, 'mirror' | 'digest'>): void {
    this.#change(mirror, ({ cleared }) => ({
      cleared: new Map([...cleared, [digest, (cleared.get(digest) ?? 0) + 1]]),
    }));
  }

  /** The sync worker has read a blob from a mirror in full: it was wrong. */
  prove({ mirror, digest }: Pick<Doubt, 'mirror' | 'digest'>): void {
    this.#change(mirror, ({ missing }) => ({ missing: new Set([...missing, digest]) }));
  }

  /** A probe has found a mirror down. */
  down(mirror: string): void {
    this.#change(mirror, () => ({ healthy: false }));
  }

  [Symbol.dispose](): void {
    for (const node of this.#nodes) node[Symbol.dispose]();
  }

  #newNode(): Troubles {
    const node: Troubles = new Troubles({
      states: () => this.#states,
      redirected: () => undefined,
      restarted: (restart) => {
        for (const there of this.#nodes) if (there !== node) there.heardRestart(restart);
      },
      now: () => this.nowMs,
      limits: { asks: 5000, clients: 100 },
      doubted: (doubt) => {
        this.doubts.push({ ...doubt, atMs: this.nowMs });
        for (const there of this.#nodes) if (there !== node) there.heardDoubt(doubt);
      },
    });
    return node;
  }

  #change(mirror: string, change: (state: MirrorState) => Partial<MirrorState>): void {
    this.#states = this.#states.map((state) =>
      state.mirror.name === mirror ? { ...state, ...change(state) } : state,
    );
  }
}

/** Blobs that no mirror is special for. */
export function someBlobs(count: number, salt = ''): Sha256Digest[] {
  return Array.from({ length: count }, (_, i) => digestOf(Buffer.from(`${salt} layer ${i}`)));
}
