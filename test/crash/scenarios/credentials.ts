import { IssuedCredentials } from '../../../services/registry/access/issued/credentials.ts';
import type { Scenario, World } from '../scenario.ts';

const ROBOT = { kind: 'robot', name: 'robot+ci', groups: ['builders'], by: 'test' } as const;

/** Fails unless the robot is there with this many secrets. */
async function expectRobot({ stored }: World, secrets: number): Promise<void> {
  const robot = await new IssuedCredentials(stored).find('robot', ROBOT.name);
  if (robot?.secrets.length !== secrets)
    throw new Error(`the robot has ${robot?.secrets.length} secrets, not ${secrets}`);
}

/** How robots come by their secrets. */
export const CREDENTIALS: readonly Scenario[] = [
  {
    title: "a robot's life: its secret, another one, and its end",
    steps: [
      {
        does: 'create it',
        async act({ objects }) {
          const credentials = new IssuedCredentials(objects);
          // Whoever was not answered asks again, and is told that it is there: then there is no secret but a new one.
          if (await credentials.find('robot', ROBOT.name)) await credentials.rotate('robot', ROBOT.name);
          else await credentials.create(ROBOT);
        },
      },
      {
        does: 'rotate its secret',
        act: async ({ objects }) => {
          await new IssuedCredentials(objects).rotate('robot', ROBOT.name);
        },
      },
      {
        does: 'revoke it',
        async act({ objects }) {
          const credentials = new IssuedCredentials(objects);
          const robot = await credentials.find('robot', ROBOT.name);
          if (robot?.revokedAt === undefined) await credentials.revoke('robot', ROBOT.name);
        },
      },
    ],
    outcome: (world) => expectRobot(world, 0),
  },
];
