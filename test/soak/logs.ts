import type { TestRegistry } from '../support/registry.ts';
import type { Violation } from './journal.ts';
import type { Processes } from './processes.ts';

const LINES = 40;

/** What is stored of the subjects of a broken promise, what nodes logged about them, and what the collectors did last. */
export async function evidence(
  { subjects }: Violation,
  { nodes, releases, workers, eyes }: Processes,
): Promise<string> {
  const digests = [...new Set(subjects.filter((subject) => subject.startsWith('sha256:')))];
  const stored = await eyes.stored();
  const isAbout = (line: string) => digests.some((digest) => line.includes(digest));
  const logged = (registry: TestRegistry, fits: (line: string) => boolean) =>
    registry
      .log()
      .map((line) => JSON.stringify(line))
      .filter(fits)
      .slice(-LINES)
      .map((line) => `    ${line}`);
  return [
    '  stored now',
    ...digests.map((digest) => `    ${digest}: ${stored.has(digest) ? 'yes' : 'NO'}`),
    ...nodes.flatMap((node, i) => [`  node ${i + 1} about these`, ...logged(node, isAbout)]),
    '  the release services about these',
    ...releases.flatMap((release) => logged(release, isAbout)),
    ...workers.flatMap((worker, i) => [`  worker ${i + 1}`, ...logged(worker, () => true)]),
  ].join('\n');
}
