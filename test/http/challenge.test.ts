/** Promise: what a challenge says of the configuration cannot end its own quotes. */
import { expect } from 'chai';
import { challenge } from '../../services/http/access/challenge.ts';
import type { Context } from '../../services/http/context.ts';

describe('a challenge', () => {
  it('escapes quotes and backslashes in its parameters, and leaves out what is undefined', () => {
    const sent: string[] = [];
    const ctx = { set: (name: string, value: string) => sent.push(`${name}: ${value}`) };
    challenge(ctx as unknown as Context, 'Bearer', {
      realm: 'https://a/token',
      service: 'the "best" \\ one',
      scope: undefined,
    });
    expect(sent).to.deep.equal([
      'WWW-Authenticate: Bearer realm="https://a/token",service="the \\"best\\" \\\\ one"',
    ]);
  });
});
