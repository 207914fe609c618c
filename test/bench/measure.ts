import type { Contender } from './servers/server.ts';

/** What one server did, once. */
export interface Sample {
  /** Answers a second, or uploads: the more the better. */
  readonly rate: number;
  /** Processor time of the server for each of them. */
  readonly cpuSeconds: number;
  readonly p99Ms?: number;
}

/** One server in one case, and how to measure it. */
export interface Lane {
  readonly contender: Contender;
  /** The server's name in the report. */
  readonly label: string;
  readonly warmUp: () => Promise<void>;
  readonly measure: () => Promise<Sample>;
}

/** A lane with its samples, one for each round. */
export interface LaneResult extends Pick<Lane, 'contender' | 'label'> {
  readonly samples: readonly Sample[];
}

/**
 * Measures all lanes, one after the other in each round, so that what disturbs the machine for a while disturbs them
 * all; and each round begins with another lane, so that none always follows the same neighbour.
 */
export async function measureLanes(
  lanes: readonly Lane[],
  rounds: number,
  tell: (label: string, round: number, sample: Sample) => void,
): Promise<LaneResult[]> {
  for (const lane of lanes) await lane.warmUp();
  const samples = new Map<Lane, Sample[]>(lanes.map((lane) => [lane, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % lanes.length;
    for (const lane of [...lanes.slice(first), ...lanes.slice(0, first)]) {
      const sample = await lane.measure();
      samples.get(lane)?.push(sample);
      tell(lane.label, round + 1, sample);
    }
  }
  return lanes.map((lane) => ({
    contender: lane.contender,
    label: lane.label,
    samples: samples.get(lane) ?? [],
  }));
}
