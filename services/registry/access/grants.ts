import type { AccessRequest } from './access-request.ts';

/** The rights of a client, from rules, or from a token that was issued by rules. */
export interface Grants {
  /** Whether something is allowed, and by which rule, for records. Synchronous, without I/O. */
  decide(wanted: AccessRequest): { readonly isAllowed: boolean; readonly rule: string | undefined };
}

/** A registry without accounts (no section `auth`): everyone may do everything. */
export const EVERYTHING: Grants = { decide: () => ({ isAllowed: true, rule: undefined }) };

/** The authenticated client of a request, with its rights. */
export interface Principal extends Grants {
  readonly kind: 'anonymous' | 'user' | 'robot';
  /** Empty for anonymous clients. */
  readonly name: string;
}

export const OPEN_ACCESS: Principal = { kind: 'anonymous', name: '', ...EVERYTHING };
