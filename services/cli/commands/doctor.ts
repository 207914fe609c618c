import { readNamed } from '../../http/named-files.ts';
import type { Example } from '../../mirrors/doctor/context.ts';
import { examine } from '../../mirrors/doctor/doctor.ts';
import { findExample } from '../../mirrors/doctor/example.ts';
import type { Finding } from '../../mirrors/doctor/finding.ts';
import { isSha256 } from '../../registry/oci/digest.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { print, printJson, printTable } from '../table.ts';

export interface DoctorCommandOptions {
  /** Of the release service: the example comes from its publication log. */
  readonly registry?: URL;
  readonly blob?: string;
  readonly size?: number;
  readonly rootcas: readonly string[];
  readonly json: boolean;
}

/**
 * Tries a mirror as clients would, and prints a finding for each part of the contract. The exit code is 2 if something is
 * wrong. Throws an OperatorError if there is no such example.
 */
export async function doctorCommand(mirror: URL, options: DoctorCommandOptions): Promise<void> {
  const { registry, json } = options;
  const rootCas: Buffer[] = [];
  for (const path of options.rootcas) rootCas.push(await readNamed({ key: '--rootcas', path }));
  const example =
    namedExample(options) ?? (registry ? await findExample({ registry, mirror, rootCas }) : undefined);
  const findings = await examine({ url: mirror, example, registry, rootCas });
  const faults = findings.filter(({ verdict }) => verdict === 'fault').length;
  if (json) printJson({ url: mirror.href, ok: faults === 0, ...(example && { example }), findings }, 2);
  else show(mirror, findings, faults);
  if (faults > 0) process.exitCode = 2;
}

function namedExample({ blob, size }: DoctorCommandOptions): Example | undefined {
  if (blob === undefined && size === undefined) return undefined;
  if (blob === undefined || size === undefined) throw new OperatorError('--blob and --size belong together');
  if (!isSha256(blob)) throw new OperatorError(`--blob ${blob}: expected sha256:<64 hexadecimal digits>`);
  return { digest: blob, sizeBytes: size, isHeld: true };
}

function show(mirror: URL, findings: readonly Finding[], faults: number): void {
  const rows = findings.map(({ check, verdict, text }) => [check, verdict, text]);
  printTable(['CHECK', 'VERDICT', 'TEXT'], rows, 'no checks');
  const leftOut = findings.filter(({ verdict }) => verdict === 'skipped').length;
  const rest = leftOut === 0 ? '' : `; ${counted(leftOut, 'check')} left out`;
  const result = faults === 0 ? 'keeps the contract' : `has ${counted(faults, 'fault')}`;
  print(`${mirror.href} ${result}${rest}`);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
