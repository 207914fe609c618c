import { type Grants, grantsBy } from './grants.ts';
import type { AccessRules } from './rules.ts';
import { ANONYMOUS } from './subject.ts';

const NOTHING = grantsBy(() => ({ isAllowed: false, rule: undefined }));

/** What rules allow a client without credentials at an address; nothing without rules. */
export function anonymousGrants(rules: AccessRules | undefined, address: string): Grants {
  if (rules === undefined) return NOTHING;
  return grantsBy((wanted) => rules.decide({ ...ANONYMOUS, address }, wanted));
}
