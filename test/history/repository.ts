import { sha256 } from '../support/digest.ts';
import type { Content } from '../support/image.ts';
import { ABSENT, type Action, ANY, type Operation } from './operation.ts';
import type { Recorder } from './recorder.ts';
import { type Outcome, outcomeOf, type Sender, type Sent } from './sender.ts';
import { CONTENT_STALE_MS, GENERATION_MS, TAG_STALE_MS } from './settings.ts';

/** A manifest by the name that it has in histories. */
export interface Labelled {
  readonly label: string;
  readonly manifest: Content;
}

export interface RepositoryOptions {
  readonly manifests: readonly Labelled[];
  /** Tags whose history is recorded; each generation has its own. */
  readonly tags: readonly string[];
  /** Whether each manifest is a register, too: it is there, or not. */
  readonly tracksManifests?: boolean;
  /** How old a tag may be that is read. */
  readonly staleMs?: number;
}

/** How a tag is put. */
export interface PutOptions {
  /** The label that the tag has to name, {@link ABSENT} or {@link ANY}. */
  readonly expected?: string;
  /** By the manifest's digest, with the tag in the query. */
  readonly byDigest?: boolean;
}

const THERE = 'there';
const ACCEPT = { accept: '*/*' };

/** A repository whose tags and manifests are registers: what clients do to it and see of it is recorded. */
export class RecordedRepository {
  readonly name: string;
  readonly manifests: readonly Labelled[];
  readonly #tags: readonly string[];
  readonly #tracksManifests: boolean;
  readonly #staleMs: number;
  readonly #labels: ReadonlyMap<string, string>;
  readonly #sender: Sender;
  readonly #recorder: Recorder;

  constructor(
    name: string,
    { manifests, tags, tracksManifests = false, staleMs = TAG_STALE_MS }: RepositoryOptions,
    sender: Sender,
    recorder: Recorder,
  ) {
    this.name = name;
    this.manifests = manifests;
    this.#tags = tags;
    this.#tracksManifests = tracksManifests;
    this.#staleMs = staleMs;
    this.#labels = new Map(manifests.map(({ label, manifest }) => [manifest.digest, label]));
    this.#sender = sender;
    this.#recorder = recorder;
  }

  /** The tags that are used now. */
  get tags(): string[] {
    const generation = Math.floor(this.#recorder.nowMs / GENERATION_MS);
    return this.#tags.map((tag) => `${tag}-${generation}`);
  }

  async put(client: string, tag: string, to: Labelled, options: PutOptions = {}): Promise<Outcome> {
    const { expected, byDigest = false } = options;
    const { label, manifest } = to;
    const sent = await this.#sender.send(
      'PUT',
      this.#path(byDigest ? `${manifest.digest}?tag=${tag}` : tag),
      {
        headers: { 'content-type': manifest.mediaType, ...this.#condition(expected) },
        body: manifest.bytes,
      },
    );
    const outcome = outcomeOf(sent);
    const write: Action =
      expected === undefined ? { kind: 'write', value: label } : { kind: 'cas', expected, value: label };
    if (outcome === 'done' || outcome === 'unknown') this.#add(tag, client, sent, write, outcome);
    if (outcome === 'condition' && expected !== undefined)
      this.#add(tag, client, sent, { kind: 'refused', expected, value: label }, 'done');
    // A push that is refused may still have left its manifest.
    if (this.#tracksManifests)
      this.#addManifest(
        label,
        client,
        sent,
        { kind: 'write', value: THERE },
        outcome === 'done' ? 'done' : 'unknown',
      );
    return outcome;
  }

  async deleteTag(client: string, tag: string): Promise<void> {
    const sent = await this.#sender.send('DELETE', this.#path(tag));
    const outcome = outcomeOf(sent);
    if (outcome === 'done' || outcome === 'unknown')
      this.#add(tag, client, sent, { kind: 'delete' }, outcome);
    if (outcome === 'absent')
      this.#add(tag, client, sent, { kind: 'read', value: ABSENT }, 'done', this.#staleMs);
  }

  /** Takes the tags along that name it. */
  async deleteManifest(client: string, { label, manifest }: Labelled): Promise<void> {
    const tags = this.tags;
    const sent = await this.#sender.send('DELETE', this.#path(manifest.digest));
    const outcome = outcomeOf(sent);
    if (outcome === 'done' || outcome === 'unknown') {
      for (const tag of tags) this.#add(tag, client, sent, { kind: 'delete', only: label }, outcome);
      this.#addManifest(label, client, sent, { kind: 'delete' }, outcome);
    }
    if (outcome === 'absent') this.#addManifest(label, client, sent, { kind: 'read', value: ABSENT }, 'done');
  }

  /** The label that a tag names; {@link ABSENT} for none, undefined if nobody answered. */
  async read(client: string, tag: string, method: 'GET' | 'HEAD' = 'GET'): Promise<string | undefined> {
    const sent = await this.#sender.send(method, this.#path(tag), { headers: ACCEPT });
    return this.#noteRead(client, tag, sent);
  }

  /** Reads every tag and every manifest at every place. */
  async readEverything(client: string): Promise<void> {
    for (const tag of this.tags)
      for (const sent of await this.#sender.sendToAll('GET', this.#path(tag), { headers: ACCEPT }))
        this.#noteRead(client, tag, sent);
    if (!this.#tracksManifests) return;
    for (const each of this.manifests)
      for (const sent of await this.#sender.sendToAll('HEAD', this.#path(each.manifest.digest)))
        this.noteManifest(client, each, sent, isThere(sent));
  }

  async readManifest(client: string, each: Labelled): Promise<void> {
    const sent = await this.#sender.send('HEAD', this.#path(each.manifest.digest), { headers: ACCEPT });
    this.noteManifest(client, each, sent, isThere(sent));
  }

  /** A client has seen whether a manifest, with all that belongs to it, is there; undefined if nobody answered. */
  noteManifest(client: string, { label }: Labelled, sent: Sent, isWhole: boolean | undefined): void {
    if (isWhole === undefined) return;
    const value = isWhole ? THERE : ABSENT;
    // Nodes remember what is there, but not what is missing.
    this.#addManifest(label, client, sent, { kind: 'read', value }, 'done', isWhole ? CONTENT_STALE_MS : 0);
  }

  /** Which tags are listed, and so exist: the store is asked each time. */
  async list(client: string): Promise<void> {
    const tags = this.tags;
    const sent = await this.#sender.send('GET', `/v2/${this.name}/tags/list?n=1000`);
    if (sent.answer?.status !== 200) return;
    const listed = new Set((JSON.parse(sent.answer.body.toString()) as { tags: string[] }).tags);
    for (const tag of tags) {
      const value = listed.has(tag) ? ANY : ABSENT;
      this.#add(tag, `${client}, list`, sent, { kind: 'read', value }, 'done');
    }
  }

  #noteRead(client: string, tag: string, sent: Sent): string | undefined {
    const value = this.#valueOf(sent);
    if (value !== undefined) this.#add(tag, client, sent, { kind: 'read', value }, 'done', this.#staleMs);
    return value;
  }

  #valueOf({ answer }: Sent): string | undefined {
    if (answer?.status === 404) return ABSENT;
    if (answer?.status !== 200) return undefined;
    const digest = answer.header('docker-content-digest') ?? 'no digest';
    if (answer.body.length > 0 && sha256(answer.body) !== digest)
      this.#recorder.wrong(`${this.name}: bytes of ${sha256(answer.body)} as ${digest}`);
    return this.#labels.get(digest) ?? digest;
  }

  #condition(expected: string | undefined): Record<string, string> {
    if (expected === undefined) return {};
    if (expected === ABSENT) return { 'if-none-match': '*' };
    if (expected === ANY) return { 'if-match': '*' };
    const digest = this.manifests.find(({ label }) => label === expected)?.manifest.digest;
    return { 'if-match': `"${digest}"` };
  }

  #path(reference: string): string {
    return `/v2/${this.name}/manifests/${reference}`;
  }

  #addManifest(
    label: string,
    client: string,
    sent: Sent,
    action: Action,
    outcome: 'done' | 'unknown',
    staleMs = 0,
  ): void {
    if (this.#tracksManifests)
      this.#recorder.add(`${this.name}@${label}`, operationOf(client, sent, action, outcome, staleMs));
  }

  #add(
    tag: string,
    client: string,
    sent: Sent,
    action: Action,
    outcome: 'done' | 'unknown',
    staleMs = 0,
  ): void {
    this.#recorder.add(`${this.name}:${tag}`, operationOf(client, sent, action, outcome, staleMs));
  }
}

function operationOf(
  client: string,
  { at, startMs, endMs }: Sent,
  action: Action,
  outcome: 'done' | 'unknown',
  staleMs: number,
): Operation {
  const end = outcome === 'done' ? endMs : Number.POSITIVE_INFINITY;
  return { client: `${client} at ${at}`, action, startMs, endMs: end, ...(staleMs > 0 && { staleMs }) };
}

/** Undefined if the answer says neither. */
function isThere({ answer }: Sent): boolean | undefined {
  if (answer?.status === 200) return true;
  return answer?.status === 404 ? false : undefined;
}
