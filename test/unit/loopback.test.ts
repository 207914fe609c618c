import { expect } from 'chai';
import { isLoopback } from '../../services/registry/access/networks.ts';

/** Passwords go over plain HTTP to this machine only, and a registry on loopback answers to no other name. */
describe('isLoopback', () => {
  for (const host of ['localhost', '127.0.0.1', '127.255.3.9', '::1', '[::1]', '0:0:0:0:0:0:0:1'])
    it(`is true of ${host}`, () => expect(isLoopback(host)).to.equal(true));

  for (const host of [
    ...['', 'localhost.', 'localhost.example.org', 'registry.example.org', '127.example.org'],
    ...['127.0.0.1.example.org', '127.999.1.1', '127.1', '0x7f.0.0.1', '0177.0.0.1', '128.0.0.1', '0.0.0.0'],
    ...['10.0.0.1', '::', '::2', '[::ffff:127.0.0.1]', '127.0.0.1:5000', 'a@127.0.0.1'],
  ])
    it(`is false of ${JSON.stringify(host)}`, () => expect(isLoopback(host)).to.equal(false));
});
