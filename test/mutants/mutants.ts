import type { Mutant } from './mutant.ts';
import { OF_ACCOUNTS } from './planted/accounts.ts';
import { OF_ANSWERS } from './planted/answers.ts';
import { OF_RECORDS } from './planted/audit.ts';
import { OF_AUTHENTICATORS } from './planted/authenticators.ts';
import { OF_CEILINGS } from './planted/ceilings.ts';
import { OF_CONFIGURATION } from './planted/configuration.ts';
import { OF_THE_EDGE } from './planted/edge.ts';
import { OF_HEADERS } from './planted/headers.ts';
import { OF_LOGINS } from './planted/logins.ts';
import { OF_MIRRORS } from './planted/mirrors.ts';
import { OF_PUBLISHING } from './planted/publishing.ts';
import { OF_RIGHTS } from './planted/rights.ts';
import { OF_TOKENS } from './planted/tokens.ts';

/** Every planted breakage: of each promise of docs/security.md that a line of code keeps. */
export const MUTANTS: readonly Mutant[] = [
  ...OF_HEADERS,
  ...OF_RIGHTS,
  ...OF_TOKENS,
  ...OF_ACCOUNTS,
  ...OF_RECORDS,
  ...OF_THE_EDGE,
  ...OF_ANSWERS,
  ...OF_LOGINS,
  ...OF_AUTHENTICATORS,
  ...OF_CEILINGS,
  ...OF_PUBLISHING,
  ...OF_MIRRORS,
  ...OF_CONFIGURATION,
];
