import type { Check } from './check.ts';
import { address } from './checks/address.ts';
import { answers } from './checks/answers.ts';
import { bounce } from './checks/bounce.ts';
import { bytes } from './checks/bytes.ts';
import { clock } from './checks/clock.ts';
import { connection } from './checks/connection.ts';
import { digestHeader } from './checks/digest-header.ts';
import { encoding } from './checks/encoding.ts';
import { head } from './checks/head.ts';
import { held } from './checks/held.ts';
import { ipv6 } from './checks/ipv6.ts';
import { length } from './checks/length.ts';
import { manyRanges } from './checks/many-ranges.ts';
import { missing } from './checks/missing.ts';
import { missingRange } from './checks/missing-range.ts';
import { names } from './checks/names.ts';
import { noBlob } from './checks/no-blob.ts';
import { range } from './checks/range.ts';
import { resume } from './checks/resume.ts';
import { scheme } from './checks/scheme.ts';
import { tls } from './checks/tls.ts';

/** All checks, reachability first. A new one is a file in `checks/` and a line here. */
export const CHECKS: readonly Check[] = [
  ...[address, scheme, names, connection, ipv6, tls, answers, clock],
  ...[noBlob, missing, missingRange, bounce],
  ...[held, encoding, length, bytes, digestHeader, range, resume, manyRanges, head],
];
