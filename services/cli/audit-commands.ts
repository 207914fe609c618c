import { InvalidArgumentError } from 'commander';
import { millisecondsOf } from '../config/duration.ts';
import { sealerOf } from '../config/rules.ts';
import { type Place, parsePlace } from '../registry/audit/place.ts';
import { PRUNE_MIN_AGE_MS } from '../registry/audit/prune.ts';
import { parseRepositoryPattern, type RepositoryPattern } from '../registry/oci/repository-pattern.ts';
import { wholeNumber } from './arguments.ts';
import type { CliCommand, StoreWork } from './command.ts';

/** Commands of the audit record. */
export function addAuditCommands(program: CliCommand): void {
  const load = () => import('./commands/audit.ts');
  const audit = program
    .subcommand(
      'audit',
      'show who changed what, newest first; with --verify, check that the record is complete',
    )
    .option(
      '--since <time>',
      'only entries from this time on: 2026-01-31, 2026-01-31T08:00:00Z, or 36h ago',
      moment,
    )
    .option('--until <time>', 'only entries up to this time', moment)
    .option(
      '--actor <actor>',
      'only changes by this user or robot, or by an actor as it is shown, such as user:NAME or local:NAME',
    )
    .option(
      '--repository <pattern>',
      'only changes to these repositories, such as fedora/**',
      repositoryPattern,
    )
    .option('--limit <n>', 'show at most this many; 0 for all', wholeNumber, 100)
    .withJson('print one line of JSON for each entry; with --verify, one object')
    .option(
      '--verify',
      'read the whole record and recompute its hash chain (exit code 2 if it is broken)',
      false,
    )
    .option(
      '--expect <seq:hash>',
      'with --verify: the record must contain this place, as a node logged it or --verify printed it; may be repeated',
      expectation,
    )
    .overStore('only-read', load, (code, { objects, settings, options }) =>
      options.verify || options.expect
        ? code.auditVerifyCommand(objects, sealerOf(settings), options)
        : code.auditShowCommand(objects, options),
    );
  audit
    .subcommand(
      'prune',
      'delete the oldest records; an entry records this, and the remaining records still verify',
    )
    .requiredOption(
      '--before <time>',
      'delete entries older than this, at least a day ago; see docs/audit.md',
      oldMoment,
    )
    .overStore(
      'write',
      load,
      (code, { objects, settings, audit: record, options }: StoreWork<{ before: Date }>) =>
        code.auditPruneCommand(objects, record, sealerOf(settings), options.before),
    );
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;
const DAYS = /^(\d{1,6})d$/;
const DAY_MS = 86_400_000;

function moment(text: string): Date {
  const days = DAYS.exec(text)?.[1];
  const agoMs = days === undefined ? millisecondsOf(text) : Number(days) * DAY_MS;
  if (agoMs !== undefined) return new Date(Date.now() - agoMs);
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError(
      'expected a day, a time with its zone (2026-01-31T08:00:00Z), or 90m, 1h30m, 36h, 7d ago',
    );
  return new Date(time);
}

function oldMoment(text: string): Date {
  const time = moment(text);
  if (Date.now() - time.getTime() < PRUNE_MIN_AGE_MS)
    throw new InvalidArgumentError('expected a time at least a day ago');
  return time;
}

function repositoryPattern(text: string): RepositoryPattern {
  const pattern = parseRepositoryPattern(text);
  if (pattern === undefined) throw new InvalidArgumentError('expected a name or a pattern such as fedora/**');
  return pattern;
}

function expectation(text: string, before: readonly Place[] = []): readonly Place[] {
  const place = parsePlace(text);
  if (place === undefined)
    throw new InvalidArgumentError('expected a number and a hash, as nodes log them: 1234:9f86d0…');
  return [...before, place];
}
