import { IssuedCredentials } from '../../../services/registry/access/issued/credentials.ts';
import { FilesystemStore } from '../../../services/stores/filesystem/filesystem-store.ts';
import { once, type Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

const ALL = '/auth/robots';
const ROBOTS = 1000;
const ROTATIONS = 200;
const scopes = ['registry:access:administer'];
const GROUPS = Array.from({ length: 50 }, (_, i) => `${'g'.repeat(90)}${i}`);
const JSON_TYPE = { 'content-type': 'application/json' };
const json = (value: object) => ({
  method: 'POST',
  headers: JSON_TYPE,
  body: Buffer.from(JSON.stringify(value)),
});

const issued = async ({ registry }: WorstWorld, act: (robots: IssuedCredentials) => Promise<void>) => {
  await using store = await FilesystemStore.open({
    rootDirectory: registry.rootDirectory,
    sync: false,
    mode: 'write',
  });
  await act(new IssuedCredentials(store));
};
const robot = (called: string) =>
  ({ kind: 'robot', name: `robot+${called}`, groups: GROUPS, by: 'olga' }) as const;
/** A new name for each time that a row is measured. */
let name = '';
const rename = () => {
  name = `r-${crypto.randomUUID()}`;
};
/** Makes one that was often rotated. */
const rotated = (world: WorstWorld) =>
  issued(world, async (robots) => {
    rename();
    await robots.create(robot(name));
    for (let i = 0; i < ROTATIONS; i++)
      await robots.rotate('robot', `robot+${name}`, { overlapMs: 3_600_000 });
  });
const filled = once((world) =>
  issued(world, async (robots) => {
    for (let i = 0; i < ROBOTS; i++) await robots.create(robot(`many-${i}`));
  }),
);

/** Requests about robots. */
export const ROBOT_ROWS: readonly Row[] = [
  {
    ...{ route: `GET ${ALL}`, request: `the list of ${ROBOTS} robots with 50 groups each`, scopes },
    ...{ status: 200, storeRequests: 4 * ROBOTS + 10 },
    prepare: filled,
    ask: (world) => world.send(ALL),
  },
  {
    ...{ route: `POST ${ALL}`, request: 'a robot with 50 groups', scopes },
    ...{ status: 201, storeRequests: 20, isNightly: true },
    prepare: rename,
    ask: (world) => world.send(ALL, json({ name, groups: GROUPS, description: 'd'.repeat(500) })),
  },
  {
    ...{ route: `POST ${ALL}/:name/rotate`, request: `a robot that was rotated ${ROTATIONS} times`, scopes },
    ...{ status: 200, storeRequests: 45 },
    prepare: rotated,
    ask: (world) => world.send(`${ALL}/${name}/rotate`, json({ keepOldSeconds: 3600 })),
  },
  {
    ...{ route: `DELETE ${ALL}/:name`, request: `a robot that was rotated ${ROTATIONS} times`, scopes },
    ...{ status: 204, storeRequests: 45, isNightly: true },
    prepare: rotated,
    ask: (world) => world.send(`${ALL}/${name}`, { method: 'DELETE' }),
  },
];
