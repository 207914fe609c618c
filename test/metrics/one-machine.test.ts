/** Promise: `roadstead api`, `token`, `release` and `sync` run on one machine from infra/cluster.yml, as its header says. */
import { expect } from 'chai';
import { requires } from '../support/requirements.ts';
import { type FourProcesses, PROCESSES, startFourProcesses } from './four-processes.ts';

requires(['redis-server', 'redis-cli'])('the shipped file for several processes', () => {
  let four: FourProcesses;
  before(async function () {
    this.timeout(120_000);
    four = await startFourProcesses();
  });
  after(() => four?.[Symbol.asyncDispose]());

  it('gives each of them a debug port of its own', async () => {
    expect(new Set(Object.values(four.debugUrls)).size).to.equal(PROCESSES.length);
    for (const name of PROCESSES) {
      const { status } = await fetch(`${four.debugUrls[name]}/livez`);
      expect(status, name).to.equal(200);
    }
  });

  it('is a registry: a token of the one gets a push into the other', async () => {
    const digest = await four.push(Buffer.from('a blob'));
    const authorization = `Bearer ${await four.token('repository:ann/images:pull')}`;
    const answer = await fetch(`${four.apiUrl}/v2/ann/images/blobs/${digest}`, {
      headers: { authorization },
    });
    expect(await answer.text()).to.equal('a blob');
  });

  it('has each process say in its metrics which one it is', async () => {
    for (const [name, text] of Object.entries(await four.scrape()))
      expect(text, name).to.match(new RegExp(`^roadstead_build_info\\{[^}]*parts="${name}"\\} 1$`, 'm'));
  });
});
