import ora from 'ora';
import type { PromotionEventLine } from '../../release/schemas.ts';
import { ACTOR } from '../actor.ts';
import type { JsonOption } from '../command.ts';
import type { ReleaseClient } from '../release-client.ts';
import { formatBytes, print } from '../table.ts';

export interface PromoteOptions extends JsonOption {
  readonly dryRun: boolean;
  readonly waitMirrors: number;
  readonly timeoutMs: number;
}

/** Promotes, and shows progress: one changing line on a terminal, plain lines or JSON elsewhere. */
export async function promoteCommand(
  client: ReleaseClient,
  source: string,
  target: string,
  { dryRun, waitMirrors, timeoutMs, json }: PromoteOptions,
): Promise<void> {
  const wanted = { source, target, dryRun, waitMirrors, waitTimeoutMs: timeoutMs, actor: ACTOR };
  const events = client.promote(wanted);
  if (json) {
    for await (const event of events) print(JSON.stringify(event));
    return;
  }
  const isTerminal = process.stderr.isTTY === true;
  const spinner = isTerminal ? ora({ text: `promoting ${source}` }).start() : undefined;
  let last = '';
  try {
    for await (const event of events) {
      const text = describe(event, source, target);
      if (text === last) continue;
      last = text;
      if (spinner && event.event !== 'done') spinner.text = text;
      else if (!spinner) print(text);
      if (event.event === 'done') spinner?.succeed(text);
    }
  } catch (error) {
    spinner?.fail(`${source} was not promoted`);
    throw error;
  }
}

function describe(event: PromotionEventLine, source: string, target: string): string {
  switch (event.event) {
    case 'planned': {
      const { nonDistributableBlobs: kept = 0, nonDistributableBytes: keptBytes = 0 } = event;
      return (
        `verified ${source}: ${event.digest}, ${event.manifests} manifests, ${event.blobs} blobs, ` +
        `${formatBytes(event.sizeBytes)}; ${event.newBlobs} blobs (${formatBytes(event.newBytes)}) are new to the public` +
        (kept > 0
          ? `; ${kept} non-distributable layers (${formatBytes(keptBytes)}) are linked, but not published to mirrors`
          : '')
      );
    }
    case 'linked':
      return `linked ${event.manifests} manifests and ${event.blobs} blobs into ${target.split(':')[0]}`;
    case 'published':
      return `published as entry ${event.seq}: ${event.newBlobs} blobs, ${formatBytes(event.newBytes)}`;
    case 'waiting': {
      const ready = event.ready.length > 0 ? ` (${event.ready.join(', ')})` : '';
      return `${event.ready.length} of ${event.wanted} mirrors hold entry ${event.seq}${ready}`;
    }
    case 'tagged':
      return `moved the tag ${target}`;
    case 'failed':
      return event.error.message;
    case 'done':
      return {
        promoted: `promoted ${source} to ${target}`,
        'already-there': `${target} is ${source} already: nothing to do`,
        'dry-run': `dry run: ${source} can be promoted to ${target}; nothing was changed`,
      }[event.outcome];
  }
}
