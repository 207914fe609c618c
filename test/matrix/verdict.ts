import { type CellResult, hasMetFault } from './cell.ts';
import { isNoticedInTime, isSaved } from './table.ts';

/** What of the promise a cell has broken, in words; nothing if it was kept. */
export function brokenPromisesOf(result: CellResult): string[] {
  const { first, second } = result;
  const { client, fault, when, nodes, crowd } = result.cell;
  const isFirst = second === undefined;
  const broken: string[] = [];
  if (!hasMetFault(result)) broken.push('no client was sent to the bad mirror, so that nothing was tried');
  if (fault.isHarmless) return isFirst ? broken : [...broken, 'a bounce made a client fail'];
  if (when === 'noticed' && !isFirst) broken.push('failed though the fault had been noticed');
  // Nothing that the registry does reaches a client that asks nothing.
  const isBeyondHelp = fault.name === 'hang' && client.keepsHungPulls;
  if (!isSaved(result) && !isBeyondHelp) broken.push('failed at the second try');
  // Other nodes may hear of the first request after the second one.
  if (nodes === 1 && crowd === 1 && first.hasRepeats && !isFirst)
    broken.push('asked the registry for a blob again, and still failed');
  if (!isNoticedInTime(result)) broken.push('the fault was not noticed in time');
  return broken;
}
