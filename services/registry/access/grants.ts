import type { RepositoryName } from '../oci/names.ts';
import type { AccessRequest } from './access-request.ts';
import type { DelegableGroups } from './delegation.ts';

/** The rights of a client, from rules, or from a token that was issued by rules. */
export interface Grants {
  /** Whether something is allowed, and by which rule, for records. Synchronous, without I/O. */
  decide(wanted: AccessRequest): { readonly isAllowed: boolean; readonly rule: string | undefined };
  /** Whether a list may show the client this repository: the client may pull from it, with this token or another one. */
  maySee(name: RepositoryName): boolean;
}

/** A registry without accounts (no section `auth`): everyone may do everything. */
export const EVERYTHING: Grants = grantsBy(() => ({ isAllowed: true, rule: undefined }));

/** Grants by a decision for each request: what a client may pull from, it may see. */
export function grantsBy(decide: Grants['decide']): Grants {
  return { decide, maySee: (name) => decide({ type: 'repository', name, action: 'pull' }).isAllowed };
}

/** The authenticated client of a request, with its rights. */
export interface Principal extends Grants {
  readonly kind: 'anonymous' | 'user' | 'robot';
  /** Empty for anonymous clients. */
  readonly name: string;
  /** The groups into which it may put robots, if it may administer; none if this is missing. */
  readonly delegable?: DelegableGroups | undefined;
}

export const OPEN_ACCESS: Principal = { kind: 'anonymous', name: '', ...EVERYTHING };
