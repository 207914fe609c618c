import type { WorldText } from './twin.ts';

const ALL_OF_REPOSITORY = ['pull', 'push', 'delete'];

/** The standard rules, as docs/access.md has them, with nobody in their groups. */
export const STANDARD_WORLD: WorldText = {
  candidates: ['candidate/**'],
  stable: undefined,
  groups: {},
  rules: [
    { name: 'operators', allow: ['*'], subjects: ['group:operators', 'role:admin@admin'] },
    {
      ...{ name: 'releasers', allow: ['pull', 'promote'], subjects: ['group:releasers'] },
      repositories: ['@candidates', '@stable'],
    },
    { name: 'releases', allow: ['view'], subjects: ['group:releasers'] },
    {
      name: 'builders',
      allow: ALL_OF_REPOSITORY,
      subjects: ['group:builders'],
      repositories: ['@candidates'],
    },
    { name: 'own', allow: ALL_OF_REPOSITORY, subjects: ['authenticated'], repositories: ['${user}/**'] },
    {
      ...{ name: 'projects', allow: ALL_OF_REPOSITORY, subjects: ['role:member', 'role:admin'] },
      repositories: ['${project}/**'],
    },
    { name: 'project-readers', allow: ['pull'], subjects: ['role:reader'], repositories: ['${project}/**'] },
    { name: 'public', allow: ['pull'], subjects: ['everyone'], repositories: ['@stable'] },
  ],
};
