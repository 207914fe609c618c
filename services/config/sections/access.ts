import { z } from 'zod';
import {
  ACTIONS,
  type Action,
  REGISTRY_ACTIONS,
  REPOSITORY_ACTIONS,
} from '../../registry/access/access-request.ts';
import {
  parseRepositorySelector,
  parseSubjectPattern,
  REPOSITORY_FORMS,
  SUBJECT_FORMS,
} from '../../registry/access/read-rule.ts';
import {
  isForAll,
  type RepositorySelector,
  type Rule,
  type SubjectPattern,
} from '../../registry/access/rule.ts';
import { STANDARD_RULES } from '../../registry/access/standard-rules.ts';
import { Cidr, Switch, Text } from '../values.ts';

const SubjectValue = z.string().transform((text, context): SubjectPattern => {
  const subject = parseSubjectPattern(text);
  if (subject) return subject;
  context.addIssue({ code: 'custom', message: `expected ${SUBJECT_FORMS}` });
  return z.NEVER;
});

const Repositories = z.string().transform((text, context): RepositorySelector => {
  const selector = parseRepositorySelector(text);
  if (selector) return selector;
  context.addIssue({ code: 'custom', message: `expected ${REPOSITORY_FORMS}` });
  return z.NEVER;
});

const Actions = z
  .array(z.enum([...ACTIONS, '*'], `expected ${ACTIONS.join(', ')}, or "*" for all of them`))
  .min(1);

/** What records, tokens and tables call a rule. */
const RuleName = Text.refine(
  (text) => /^[\p{L}\p{N}](?:[\p{L}\p{N} ._:/+-]{0,62}[\p{L}\p{N}])?$/u.test(text),
  'expected 1 to 64 letters, digits, blanks and ". _ : / + -", with a letter or digit at both ends',
);

const RuleEntry = z
  .strictObject({
    name: RuleName,
    allow: Actions.optional(),
    deny: Actions.optional(),
    subjects: z.array(SubjectValue).min(1),
    networks: z.array(Cidr).min(1, 'expected a network, or no such key for anywhere').optional(),
    repositories: z.array(Repositories).min(1).prefault(['**']),
  })
  .transform(({ allow, deny, name, subjects, networks = [], repositories }, context): Rule => {
    const effect = allow ? 'allow' : 'deny';
    const asked = allow ?? deny;
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (asked === undefined || (allow && deny)) {
      problem([], 'expected either allow or deny, with a list of actions');
      return z.NEVER;
    }
    const ofAll = repositories.some(isForAll);
    for (const action of REGISTRY_ACTIONS)
      if (asked.includes(action) && !ofAll)
        problem(
          ['repositories'],
          `${action} is done to the registry as a whole: expected a rule of its own, without repositories`,
        );
    return { name, effect, actions: actionsOf(asked, ofAll), subjects, networks, repositories };
  });

/**
 * `*` is all that can be done to the repositories of a rule; and to the registry as a whole, where these are all of
 * them: who may do everything below `alice/` does not administer the registry.
 */
function actionsOf(asked: readonly string[], ofAll: boolean): Action[] {
  const meant: readonly Action[] = ofAll ? ACTIONS : REPOSITORY_ACTIONS;
  return ACTIONS.filter(
    (action) => asked.includes(action) || (asked.includes('*') && meant.includes(action)),
  );
}

const Member = SubjectValue.refine((member) => member.kind !== 'group', 'a group cannot stand in a group');

/**
 * Ours: who may do what. Without `rules`, the standard ones (`registry/access/standard-rules.ts`), which may also stand
 * behind those of the file.
 */
export const AccessSection = z
  .strictObject({
    groups: z
      .record(z.string(), z.array(Member))
      .superRefine((groups, context) => {
        for (const name of Object.keys(groups))
          if (parseSubjectPattern(`group:${name}`) === undefined)
            context.addIssue({ code: 'custom', path: [name], message: 'expected the name of a group' });
      })
      .default({})
      .transform((groups): ReadonlyMap<string, readonly SubjectPattern[]> => new Map(Object.entries(groups))),
    /** Whether the standard rules stand behind these. */
    standard: Switch.optional(),
    rules: z.array(RuleEntry).min(1, 'expected a rule, or no such key for the standard ones').optional(),
  })
  .superRefine(({ rules, standard }, context) => {
    if (standard === false && rules === undefined)
      context.addIssue({
        code: 'custom',
        path: ['standard'],
        message: 'nobody could do anything: expected rules of your own beside it',
      });
    const names = new Set(standard && rules ? STANDARD_RULES.map(({ name }) => name) : []);
    for (const [i, { name }] of (rules ?? []).entries()) {
      if (names.has(name))
        context.addIssue({
          code: 'custom',
          path: ['rules', i, 'name'],
          message: `expected a name that no other rule has, not ${name} again`,
        });
      names.add(name);
    }
  })
  .transform(({ groups, rules, standard }) => ({ groups, ...inOrder(rules, standard) }))
  .optional();

/** The rules as they are asked, and how many of them, from the first, are the file's own. */
function inOrder(own: readonly Rule[] | undefined, standard: boolean | undefined) {
  if (own === undefined) return { rules: STANDARD_RULES, ownRules: 0 };
  return { rules: standard ? [...own, ...STANDARD_RULES] : own, ownRules: own.length };
}
