/**
 * The rules of access once more, as dull as they can be written, for the tests to compare with: on the words of the
 * configuration file, step by step, without parsing anything ahead, and without a line from `services/`.
 */

/** A rule as the file has it. */
export interface RuleText {
  readonly name: string;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly subjects: readonly string[];
  readonly networks?: readonly string[];
  readonly repositories?: readonly string[];
}

/** What a configuration says. */
export interface WorldText {
  readonly rules: readonly RuleText[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Undefined without a section `promotion`. */
  readonly candidates: readonly string[] | undefined;
  /** Undefined for all but candidates. */
  readonly stable: readonly string[] | undefined;
}

export interface Person {
  readonly kind: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly memberships: readonly { readonly project: string; readonly roles: readonly string[] }[];
  readonly address: string;
}

const OF_REPOSITORIES = ['pull', 'push', 'delete', 'promote'];

/** The decision; `repository` is undefined for what is done to the registry as a whole. */
export function decideByHand(
  world: WorldText,
  person: Person,
  action: string,
  repository: string | undefined,
): { isAllowed: boolean; rule: string | undefined } {
  for (const rule of world.rules)
    if (isAbout(rule, action) && isFrom(rule, person) && isForThem(world, rule, person, repository))
      return { isAllowed: rule.allow !== undefined, rule: rule.name };
  return { isAllowed: false, rule: undefined };
}

function isAbout(rule: RuleText, action: string): boolean {
  const actions = rule.allow ?? rule.deny ?? [];
  if (actions.includes(action)) return true;
  if (!actions.includes('*')) return false;
  return OF_REPOSITORIES.includes(action) || (rule.repositories ?? ['**']).includes('**');
}

function isFrom(rule: RuleText, person: Person): boolean {
  if (rule.networks === undefined || rule.networks.length === 0) return true;
  const bits = bitsOf(person.address);
  if (bits === undefined) return rule.deny !== undefined;
  for (const network of rule.networks) {
    const [address = '', length = ''] = network.split('/');
    const wanted = bitsOf(address) ?? '';
    const count = wanted.length === 32 && address.includes(':') ? Number(length) - 96 : Number(length);
    if (wanted.length === bits.length && wanted.slice(0, count) === bits.slice(0, count)) return true;
  }
  return false;
}

/** An address as zeros and ones: 32 for IPv4, in whichever notation, and 128 for IPv6. */
function bitsOf(address: string): string | undefined {
  const binary = (number: number, length: number) => number.toString(2).padStart(length, '0');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address))
    return address
      .split('.')
      .map((part) => binary(Number(part), 8))
      .join('');
  if (!address.includes(':')) return undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (mapped) return bitsOf(mapped[1] ?? '');
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => binary(Number.parseInt(group, 16), 16)).join('');
}

function isForThem(
  world: WorldText,
  rule: RuleText,
  person: Person,
  repository: string | undefined,
): boolean {
  for (const subject of rule.subjects)
    for (const selector of rule.repositories ?? ['**']) {
      if (!isThem(world, subject, person)) continue;
      if (repository === undefined) {
        if (selector === '**') return true;
      } else if (isThere(world, subject, selector, person, repository)) return true;
    }
  return false;
}

function isThem(world: WorldText, subject: string, person: Person): boolean {
  if (subject === 'everyone') return true;
  if (subject === 'anonymous') return person.kind === 'anonymous';
  if (subject === 'authenticated') return person.kind === 'user' || person.kind === 'robot';
  const what = subject.slice(0, subject.indexOf(':'));
  const name = subject.slice(subject.indexOf(':') + 1);
  if (what === 'user') return person.kind === 'user' && person.name === name;
  if (what === 'robot') return person.kind === 'robot' && person.name === `robot+${name}`;
  if (what === 'group') {
    if (person.groups.includes(name)) return true;
    const members = Object.hasOwn(world.groups, name) ? world.groups[name] : [];
    return (members ?? []).some((member) => isThem({ ...world, groups: {} }, member, person));
  }
  return projectsOf(subject, person).length > 0;
}

/** The projects that a subject is about: of a person's, those by which they are meant. */
function projectsOf(subject: string, person: Person): string[] {
  const found: string[] = [];
  for (const { project, roles } of person.memberships) {
    if (subject.startsWith('project:')) {
      if (subject === `project:${project}`) found.push(project);
    } else if (subject.startsWith('role:')) {
      for (const role of roles)
        if (subject === `role:${role}` || subject === `role:${role}@${project}`) found.push(project);
    } else found.push(project);
  }
  return found;
}

function isThere(
  world: WorldText,
  subject: string,
  selector: string,
  person: Person,
  repository: string,
): boolean {
  const { candidates, stable } = world;
  const isCandidate = candidates?.some((pattern) => matches(pattern, repository)) ?? false;
  if (selector === '@candidates') return isCandidate;
  if (selector === '@stable')
    return (
      candidates !== undefined &&
      !isCandidate &&
      (stable === undefined || stable.some((pattern) => matches(pattern, repository)))
    );
  const names = selector.includes('${user}')
    ? [person.name]
    : selector.includes('${project}')
      ? projectsOf(subject, person)
      : undefined;
  if (names === undefined) return matches(selector, repository);
  for (const name of names) {
    if (!/^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/.test(name) || name.length > 255) continue;
    const isFirst = selector.startsWith('$');
    const firsts = [...(candidates ?? []), ...(stable ?? [])].map((pattern) => pattern.split('/')[0]);
    if (isFirst && firsts.includes(name)) continue;
    const parts = selector.split('/').map((part) => (part.startsWith('$') ? name : part));
    if (matches(parts.join('/'), repository)) return true;
  }
  return false;
}

/** Tries each way to give the pattern's parts the name's. */
function matches(pattern: string, repository: string): boolean {
  const tries = (patterns: string[], parts: string[]): boolean => {
    const [first, ...others] = patterns;
    if (first === undefined) return parts.length === 0;
    if (first === '**') {
      for (let taken = 1; taken <= parts.length; taken++) if (tries(others, parts.slice(taken))) return true;
      return false;
    }
    return parts.length > 0 && (first === '*' || first === parts[0]) && tries(others, parts.slice(1));
  };
  return tries(pattern.split('/'), repository.split('/'));
}
