import { cpus, loadavg, release, totalmem } from 'node:os';
import { run } from '../../support/process.ts';
import { findProgram } from '../../support/programs.ts';

/** The load of the last minute, with that of others who use the machine. */
export function load(): string {
  return (loadavg()[0] ?? 0).toFixed(2);
}

/** What a reader has to know of the machine to make sense of the figures, a fact a line. */
export async function machineFacts(loadBefore: string): Promise<string[]> {
  const processors = cpus();
  const memoryGib = Math.round(totalmem() / 1024 ** 3);
  return [
    `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${memoryGib} GiB, Linux ${release()}`,
    `Node ${process.versions.node}; ${await versionOf('wrk', '-v')}; ${await versionOf('docker-registry', '--version')}`,
    `load ${loadBefore} before, ${load()} after`,
    'whoever asks shares the processors with the server: the CPU columns are steadier than the speeds',
  ];
}

async function versionOf(program: string, flag: string): Promise<string> {
  if (findProgram(program) === undefined) return `no ${program}`;
  const { stdout, stderr } = await run(program, [flag], { allowFailure: true });
  return `${program} ${/\d+\.\d[\w.+~]*/.exec(stdout + stderr)?.[0] ?? 'of unknown version'}`;
}
