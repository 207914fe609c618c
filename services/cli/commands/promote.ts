import { formatBytes } from '../../registry/runtime/format-bytes.ts';
import type { PromotionEventLine } from '../../release/schemas.ts';
import { ACTOR } from '../actor.ts';
import type { JsonOption } from '../command.ts';
import type { ReleaseClient } from '../release-client.ts';
import { Spinner } from '../spinner.ts';
import { print, printJson } from '../table.ts';
import { attachmentLines } from './attachment-lines.ts';

export interface PromoteOptions extends JsonOption {
  readonly dryRun: boolean;
  readonly waitMirrors: number;
  readonly timeoutMs: number;
  readonly replaceAttached: readonly string[];
  readonly attachTo: readonly string[];
}

/** Promotes, and shows progress: one changing line on a terminal, plain lines or JSON elsewhere. */
export async function promoteCommand(
  client: ReleaseClient,
  source: string,
  target: string,
  { dryRun, waitMirrors, timeoutMs, json, replaceAttached, attachTo }: PromoteOptions,
): Promise<void> {
  const events = client.promote({
    ...{ source, target, dryRun, waitMirrors, waitTimeoutMs: timeoutMs, actor: ACTOR },
    // Absent unless asked for: an older service refuses fields that it does not know.
    ...(replaceAttached.length > 0 && { replaceAttached: [...replaceAttached] }),
    ...(attachTo.length > 0 && { attachTo: [...attachTo] }),
  });
  if (json) {
    for await (const event of events) printJson(event);
    return;
  }
  const spinner = Spinner.start(`promoting ${source}`);
  let last = '';
  try {
    for await (const event of events) {
      const text = describe(event, source, target);
      if (text === last) continue;
      last = text;
      if (event.event === 'done' && spinner) {
        spinner.succeed(text);
        continue;
      }
      if (spinner) spinner.show(text);
      else print(text);
      if (event.event === 'planned') {
        spinner?.clear();
        print(...attachmentLines(event));
      }
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
