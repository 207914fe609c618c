import type { AccessRequest } from './access-request.ts';

/** What somebody may do, however that is known: from rules, or from a token that rules were asked for. */
export interface Grants {
  /** Whether something is allowed, and by which rule, for records. Decides at once: nothing is asked of anybody. */
  decide(wanted: AccessRequest): { readonly isAllowed: boolean; readonly rule: string | undefined };
}

/** A registry without accounts: everyone may do everything (the section `auth` is not there). */
export const EVERYTHING: Grants = { decide: () => ({ isAllowed: true, rule: undefined }) };

/** Who makes a request, as its door found out. */
export interface Principal extends Grants {
  readonly kind: 'anonymous' | 'user' | 'robot';
  /** Empty for the anonymous. */
  readonly name: string;
}

export const OPEN_ACCESS: Principal = { kind: 'anonymous', name: '', ...EVERYTHING };
