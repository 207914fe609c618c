import { parse } from 'yaml';
import { z } from 'zod';

const Rule = z.strictObject({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const RuleFile = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(Rule) })),
});

/** An alerting rule, as its file has it. */
export interface AlertRule extends z.infer<typeof Rule> {
  readonly alert: string;
}

/** All rules of a file. */
export function rulesOf(text: string): z.infer<typeof Rule>[] {
  return RuleFile.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}

/** The alerting rules of a file. */
export function alertsOf(text: string): AlertRule[] {
  return rulesOf(text).filter((rule): rule is AlertRule => rule.alert !== undefined);
}
