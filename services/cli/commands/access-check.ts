import { loadConfig } from '../../config/load.ts';
import {
  ACTIONS,
  type AccessRequest,
  REGISTRY_ACTIONS,
  REPOSITORY_ACTIONS,
  type RegistryAction,
  type RepositoryAction,
} from '../../registry/access/access-request.ts';
import type { Membership, Subject } from '../../registry/access/subject.ts';
import { isRobotName } from '../../registry/access/subject.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { parseRepositoryName } from '../../registry/oci/names.ts';
import { DEFAULT_CONFIG } from '../arguments.ts';
import { print, printJson, table } from '../table.ts';
import { type Answer, answer } from './access-answer.ts';

export interface AccessCheck {
  readonly user: string;
  readonly action: string;
  /** The repository, where the action takes one, and the configuration file. */
  readonly rest: readonly (string | undefined)[];
  readonly group: readonly string[];
  readonly project: readonly Membership[];
  readonly address?: string;
  readonly json: boolean;
}

/** The client's address unless given. */
const HERE = '127.0.0.1';

/** Prints whether somebody may do something, and by which rule; or why no rule matches. Exits with 2 if not. */
export async function accessCheckCommand(asked: AccessCheck): Promise<void> {
  const { wanted, path } = readWanted(asked);
  const subject = readSubject(asked);
  const config = await loadConfig(path, process.env);
  const verdict = answer(config, subject, wanted);
  if (asked.json) printJson({ ...described(asked, wanted, subject), ...verdict }, 2);
  else show(verdict, asked);
  if (!verdict.allowed) process.exitCode = 2;
}

function readWanted({ action, rest: [first, second] }: AccessCheck): { wanted: AccessRequest; path: string } {
  if (REGISTRY_ACTIONS.includes(action as RegistryAction)) {
    if (second !== undefined) throw wrong(`${action} concerns the registry as a whole: name no repository`);
    return { wanted: { type: 'registry', action: action as RegistryAction }, path: first ?? DEFAULT_CONFIG };
  }
  if (!REPOSITORY_ACTIONS.includes(action as RepositoryAction))
    throw wrong(`unknown action ${action}: expected one of ${ACTIONS.join(', ')}`);
  if (first === undefined) throw wrong(`${action} takes a repository, such as alice/tool`);
  const name = parseRepositoryName(first);
  return {
    wanted: { type: 'repository', name, action: action as RepositoryAction },
    path: second ?? DEFAULT_CONFIG,
  };
}

function readSubject({ user, group, project, address = HERE }: AccessCheck): Subject {
  if (user === 'anonymous') {
    if (group.length + project.length > 0) throw wrong('anonymous clients are in no group and no project');
    return { kind: 'anonymous', name: '', groups: [], memberships: [], address };
  }
  const kind = isRobotName(user) ? 'robot' : 'user';
  return { kind, name: user, groups: group, memberships: project, address };
}

function wrong(message: string): RegistryError {
  return new RegistryError('PARAMETER_INVALID', message);
}

function described({ user }: AccessCheck, wanted: AccessRequest, { groups, memberships, address }: Subject) {
  return {
    ...{ user, groups, projects: memberships, address, action: wanted.action },
    ...(wanted.type === 'repository' && { repository: wanted.name }),
  };
}

function show({ headline, steps, dependsOnAddress }: Answer, { address }: AccessCheck): void {
  print(headline);
  if (steps.length > 0)
    print(
      ...table(steps.map(({ rule, decides, why }) => [`  ${rule}`, decides ? 'decides' : 'passed', why])),
    );
  if (dependsOnAddress && address === undefined)
    print(`Answered for a client at ${HERE}; for another address: --address IP`);
}
