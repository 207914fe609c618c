import { z } from 'zod';
import {
  parseRepositorySelector,
  parseSubjectPattern,
  REPOSITORY_FORMS,
  SUBJECT_FORMS,
} from '../../registry/access/read-rule.ts';
import type { RepositorySelector, Rule, SubjectPattern } from '../../registry/access/rule.ts';
import { ACTIONS } from '../../registry/access/wanted.ts';
import { Cidr, Text } from '../values.ts';

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
  .min(1)
  .transform((actions) => ACTIONS.filter((action) => actions.includes(action) || actions.includes('*')));

const RuleEntry = z
  .strictObject({
    name: Text,
    allow: Actions.optional(),
    deny: Actions.optional(),
    subjects: z.array(SubjectValue).min(1),
    networks: z.array(Cidr).default([]),
    repositories: z.array(Repositories).min(1).prefault(['**']),
  })
  .transform(({ allow, deny, ...rest }, context): Rule => {
    if ((allow === undefined) === (deny === undefined)) {
      context.addIssue({ code: 'custom', message: 'expected either allow or deny, with a list of actions' });
      return z.NEVER;
    }
    return { ...rest, effect: allow ? 'allow' : 'deny', actions: allow ?? deny ?? [] };
  });

const Member = SubjectValue.refine((member) => member.kind !== 'group', 'a group cannot stand in a group');

/** Ours: who may do what. Without `rules`, the standard ones (`registry/access/standard-rules.ts`). */
export const AccessSection = z
  .strictObject({
    groups: z
      .record(z.string(), z.array(Member))
      .default({})
      .transform((groups): ReadonlyMap<string, readonly SubjectPattern[]> => new Map(Object.entries(groups))),
    rules: z.array(RuleEntry).optional(),
  })
  .superRefine(({ rules }, context) => {
    const names = new Set<string>();
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
  .optional();
