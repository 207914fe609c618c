import { z } from 'zod';
import { type AccessEntry, type AccessRequest, toScope } from '../../../registry/access/access-request.ts';
import type { Principal } from '../../../registry/access/grants.ts';
import { isPullable } from '../../../registry/access/pullable.ts';

const Access = z
  .array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) }))
  .nullish();

/**
 * Our own claims, in addition to Distribution's: `rules[i]` is the rule that allowed the `i`th of all actions. `pullable`
 * is what lists may show: it grants no pull.
 */
const Ours = z.object({
  kind: z.enum(['anonymous', 'user', 'robot']),
  rules: z.array(z.string()),
  delegable: z.union([z.literal('*'), z.array(z.string()), z.object({ deniedBy: z.string() })]).optional(),
  pullable: z.array(z.string()).max(100).default([]),
});

/** A token's claims (docs/spec/auth/jwt.md of Distribution). Times, issuer and audience were checked before. */
export const ClaimsSchema = z.object({
  sub: z.string().default(''),
  exp: z.number(),
  access: Access,
  roadstead: Ours.optional(),
});
export type Claims = z.output<typeof ClaimsSchema>;

/**
 * The meaning of `*` in a token made for Distribution. It does not include promotion, which the signers of such tokens do
 * not know: stable repositories change only by an explicit right.
 */
const ANY = new Set(['pull', 'push', 'delete']);

/** The principal of a token, with the rights in it and no others. */
export function principalOf({ sub, access, roadstead }: Claims): Principal {
  const granted = grantedBy(access ?? [], roadstead?.rules ?? []);
  const decide = (wanted: AccessRequest) => {
    const { type, name, action } = toScope(wanted);
    const actions = granted.get(`${type}:${name}`);
    const isAllowed =
      actions !== undefined &&
      (actions.has(action) || (type === 'repository' && ANY.has(action) && actions.has('*')));
    return { isAllowed, rule: isAllowed ? (actions.get(action) ?? actions.get('*')) : undefined };
  };
  return {
    kind: roadstead?.kind ?? (sub === '' ? 'anonymous' : 'user'),
    name: sub,
    delegable: roadstead?.delegable,
    decide,
    maySee: (repository) =>
      decide({ type: 'repository', name: repository, action: 'pull' }).isAllowed ||
      isPullable(roadstead?.pullable ?? [], repository),
  };
}

type Granted = ReadonlyMap<string, ReadonlyMap<string, string | undefined>>;

function grantedBy(access: readonly AccessEntry[], rules: readonly string[]): Granted {
  const granted = new Map<string, Map<string, string | undefined>>();
  let i = 0;
  for (const { type, name, actions } of access) {
    const resource = `${type}:${name}`;
    const known = granted.get(resource) ?? new Map<string, string | undefined>();
    for (const action of actions) known.set(action, rules[i++]);
    granted.set(resource, known);
  }
  return granted;
}
