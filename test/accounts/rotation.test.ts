/** Promise: nobody gets the secret of a robot that gets more rights while they ask for it. */
import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { RouteContext } from '../../services/http/context.ts';
import { Delegation } from '../../services/registry/access/delegation.ts';
import { IssuedCredentials } from '../../services/registry/access/issued/credentials.ts';
import { postRotation } from '../../services/token/robots/robots.ts';
import { rejection } from '../contract/area.ts';
import { MemoryStore } from '../support/memory-store.ts';

const ROBOT = 'robot+ci';

describe('a rotation during which its robot is made again', () => {
  const rotate = async (groups: readonly string[]) => {
    const issued = new IssuedCredentials(new MemoryStore());
    const make = (into: readonly string[]) =>
      issued.create({ kind: 'robot', name: ROBOT, groups: into, by: 'olga' });
    await make([]);
    const audit = {
      isOn: true,
      // Between the first look at the robot and its change.
      async record() {
        await issued.revoke('robot', ROBOT);
        await make(groups);
      },
    };
    const socket = { setTimeout: () => undefined };
    const ctx = {
      ...{ params: { name: 'ci' }, req: Object.assign(Readable.from([]), { headers: {}, socket }) },
      ...{
        state: { principal: { kind: 'user', name: 'bob', delegable: ['testers'] } },
        set: () => undefined,
      },
    };
    const delegation = new Delegation({ rules: [], groups: new Map() });
    await postRotation({ issued, audit, delegation } as never, ctx as unknown as RouteContext);
  };

  it('is refused if the robot has more than who asks now, and done if it has not', async () => {
    await rotate(['testers']);
    expect(await rejection(rotate(['operators']))).to.have.property('kind', 'DENIED');
  });
});
