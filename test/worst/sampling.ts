import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Sampled, SamplerOptions } from './sampled.ts';

/** The worker of `sampler.ts`, which watches one node until it is disposed. */
export interface Sampling extends AsyncDisposable {
  /** What was seen since the last report. */
  report(): Promise<Sampled>;
}

export async function startSampling(options: SamplerOptions): Promise<Sampling> {
  const worker = new Worker(new URL('./sampler.ts', import.meta.url), { workerData: options });
  await once(worker, 'online');
  return {
    async report() {
      worker.postMessage('report');
      const [sampled] = (await once(worker, 'message')) as [Sampled];
      return sampled;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(worker, 'exit');
      worker.postMessage('end');
      await ended;
    },
  };
}
