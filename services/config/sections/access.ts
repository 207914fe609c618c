import { z } from 'zod';
import {
  ACTIONS,
  type Action,
  REGISTRY_ACTIONS,
  REPOSITORY_ACTIONS,
} from '../../registry/access/access-request.ts';
import { sourceOfGroup } from '../../registry/access/account.ts';
import {
  parseRepositorySelector,
  parseSubjectPattern,
  REPOSITORY_FORMS,
  SUBJECT_FORMS,
} from '../../registry/access/read-rule.ts';
import { isForAll, type Rule, type SubjectPattern } from '../../registry/access/rule.ts';
import { STANDARD_RULES } from '../../registry/access/standard-rules.ts';
import { about, addProblem, honoured, sectionOf } from '../key.ts';
import { onOff } from '../switch.ts';
import { Cidr, Parsed, Text } from '../values.ts';

const SubjectValue = Parsed(parseSubjectPattern, `expected ${SUBJECT_FORMS}`, 'user:alice');
const Repositories = Parsed(parseRepositorySelector, `expected ${REPOSITORY_FORMS}`, 'shared/**');

const Actions = about(
  z.array(z.enum([...ACTIONS, '*'], `expected ${ACTIONS.join(', ')}, or "*" for all of them`)).min(1),
  { example: ['pull'] },
);

const RuleName = Text.refine(
  (text) => /^[\p{L}\p{N}](?:[\p{L}\p{N} ._:/+-]{0,62}[\p{L}\p{N}])?$/u.test(text),
  'expected 1 to 64 letters, digits, blanks and ". _ : / + -", with a letter or digit at both ends',
);

const RuleEntry = z
  .strictObject({
    name: honoured(RuleName, 'the name of the rule in records, tokens and explanations'),
    allow: honoured(Actions.optional(), 'the actions that the rule allows'),
    deny: honoured(Actions.optional(), 'or the actions that it denies'),
    subjects: honoured(z.array(SubjectValue).min(1), 'the clients that the rule is for'),
    networks: honoured(
      z.array(Cidr).min(1, 'expected a network, or no such key for anywhere').optional(),
      'the networks that they have to come from; default: anywhere',
    ),
    repositories: honoured(
      z.array(Repositories).min(1).prefault(['**']),
      'the repositories that the rule is for',
    ),
  })
  .transform(({ allow, deny, name, subjects, networks = [], repositories }, context): Rule => {
    const effect = allow ? 'allow' : 'deny';
    const asked = allow ?? deny;
    if (asked === undefined || (allow && deny)) {
      addProblem(context, [], 'expected either allow or deny, with a list of actions');
      return z.NEVER;
    }
    const ofAll = repositories.some(isForAll);
    for (const action of REGISTRY_ACTIONS)
      if (asked.includes(action) && !ofAll)
        addProblem(
          context,
          ['repositories'],
          `${action} concerns the registry as a whole: expected a separate rule for it, without repositories`,
        );
    return { name, effect, actions: actionsOf(asked, ofAll), subjects, networks, repositories };
  });

/**
 * `*` means everything that can be done to the rule's repositories. It includes actions on the registry as a whole only
 * in rules for all repositories: full rights below `alice/` do not make an administrator.
 */
function actionsOf(asked: readonly string[], ofAll: boolean): Action[] {
  const meant: readonly Action[] = ofAll ? ACTIONS : REPOSITORY_ACTIONS;
  return ACTIONS.filter(
    (action) => asked.includes(action) || (asked.includes('*') && meant.includes(action)),
  );
}

const Member = SubjectValue.refine(
  (member) => member.kind !== 'group' || sourceOfGroup(member.name) !== undefined,
  'a group can contain only groups of a source of accounts, such as group:staff@oidc',
);

const Groups = z
  .record(
    z.string(),
    honoured(z.array(Member), "the members of the group, in the words of a rule's subjects"),
  )
  .superRefine((groups, context) => {
    for (const name of Object.keys(groups))
      if (parseSubjectPattern(`group:${name}`) === undefined)
        addProblem(context, [name], 'expected the name of a group');
      else if (sourceOfGroup(name) !== undefined)
        addProblem(
          context,
          [name],
          `groups of ${sourceOfGroup(name)} have this ending: expected another name, with group:${name} as a member`,
        );
  })
  .default({})
  .transform((groups): ReadonlyMap<string, readonly SubjectPattern[]> => new Map(Object.entries(groups)));

/** Rules of access. Without `rules`, the standard ones apply (`registry/access/standard-rules.ts`). */
export const AccessSection = sectionOf('ours', {
  groups: Groups,
  standard: onOff('the standard rules follow those of the file', 'only the rules of the file apply', {
    note: 'default: `false` if there are rules',
    example: true,
  }).optional(),
  rules: z.array(RuleEntry).min(1, 'expected a rule, or no such key for the standard ones').optional(),
})
  .superRefine(({ rules, standard }, context) => {
    if (standard === false && rules === undefined)
      addProblem(context, ['standard'], 'no action would be allowed: expected rules, too');
    const names = new Set(standard && rules ? STANDARD_RULES.map(({ name }) => name) : []);
    for (const [i, { name }] of (rules ?? []).entries()) {
      const message = `expected a name that no other rule has, not ${name} again`;
      if (names.has(name)) addProblem(context, ['rules', i, 'name'], message);
      names.add(name);
    }
  })
  .transform(({ groups, rules, standard }) => ({ groups, ...inOrder(rules, standard) }))
  .optional();

/** The rules in the order in which they apply; the first `ownRules` are the file's. */
function inOrder(own: readonly Rule[] | undefined, standard: boolean | undefined) {
  if (own === undefined) return { rules: STANDARD_RULES, ownRules: 0 };
  return { rules: standard ? [...own, ...STANDARD_RULES] : own, ownRules: own.length };
}
