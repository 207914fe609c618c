import { type CheckOptions, checkStore, NoSuchRepositoryError } from '../../registry/check/check.ts';
import type { Finding, Severity } from '../../registry/check/finding.ts';
import type { ManifestRules } from '../../registry/oci/manifest-rules.ts';
import { formatBytes } from '../../registry/runtime/format-bytes.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import type { JsonOption } from '../command.ts';
import { Spinner } from '../spinner.ts';
import { fail, print, printJson, table } from '../table.ts';

export interface CheckCommandOptions extends Pick<CheckOptions, 'deep' | 'sealer' | 'isStable'>, JsonOption {
  /** Only these repositories. */
  readonly repository?: readonly string[];
}

const PROGRESS_MS = 200;

/** Prints what is wrong with a store. Exits with 2 if anything is, with 1 if the check could not finish. */
export async function checkCommand(
  objects: ObjectStore,
  rules: ManifestRules,
  { deep, json, repository = [], sealer, isStable }: CheckCommandOptions,
): Promise<void> {
  const startedAt = performance.now();
  const { findings, progress } = checkStore(objects, {
    ...{ deep, rules, sealer, isStable, repositories: repository },
  });
  const summary = new Summary();
  const spinner = Spinner.start('reading the store');
  const timer = setInterval(() => {
    spinner?.show(`${progress.area}: ${read(progress)}, ${summary.counted}`);
  }, PROGRESS_MS);
  try {
    for await (const found of findings) {
      summary.add(found);
      if (json) printJson(found);
      else if (found.severity !== 'info') {
        // Printed without the moving line in between.
        spinner?.clear();
        print(...describe(found));
      }
    }
  } catch (error) {
    if (!(error instanceof NoSuchRepositoryError)) throw error;
    return fail(error.message);
  } finally {
    clearInterval(timer);
    spinner?.stop();
  }
  const durationMs = Math.round(performance.now() - startedAt);
  if (json) printJson(summary.toJson({ ...progress, durationMs }));
  else print(...summary.toLines(`${read(progress)} in ${(durationMs / 1000).toFixed(1)} s`));
  if (summary.isBad) process.exitCode = 2;
}

/** Counts findings by kind, and keeps the first of each. */
class Summary {
  readonly #kinds = new Map<string, { count: number; readonly first: Finding }>();
  readonly #severities: Record<Severity, number> = { error: 0, warning: 0, info: 0 };

  add(found: Finding): void {
    const known = this.#kinds.get(found.kind);
    if (known) known.count++;
    else this.#kinds.set(found.kind, { count: 1, first: found });
    this.#severities[found.severity]++;
  }

  get isBad(): boolean {
    return this.#severities.error + this.#severities.warning > 0;
  }

  get counted(): string {
    const { error, warning } = this.#severities;
    return `${error} errors, ${warning} warnings`;
  }

  toLines(what: string): string[] {
    const rows = [...this.#kinds].map(([kind, { count, first }]) => [
      first.severity,
      kind,
      String(count),
      first.message,
    ]);
    const kinds = rows.length > 0 ? table([['SEVERITY', 'KIND', 'COUNT', 'FIRST'], ...rows]) : [];
    return [...kinds, `${this.isBad ? '' : 'sound: '}${this.counted}; ${what}`];
  }

  toJson({ objectsRead, bytesRead, durationMs }: Readonly<Record<string, unknown>>) {
    const kinds = Object.fromEntries([...this.#kinds].map(([kind, { count }]) => [kind, count]));
    return { summary: { ...this.#severities, kinds, objectsRead, bytesRead, durationMs } };
  }
}

function read({ objectsRead, bytesRead }: { objectsRead: number; bytesRead: number }): string {
  return `${objectsRead} objects read, ${formatBytes(bytesRead)}`;
}

function describe({ severity, kind, repository, tag, message, key }: Finding): string[] {
  const where = repository === undefined ? '' : ` ${repository}${tag === undefined ? '' : `:${tag}`}`;
  return [`${severity}: ${kind}${where}: ${message}`, `  ${key}`];
}
