/** What YAML calls a mapping. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Whether a value is a mapping: neither a scalar nor a list. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
