/**
 * Promise: a request's line has its host, protocol and user agent, and none of them, whatever a client sends, is long, holds a
 * password, begins another line or passes for another field.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { combinedLine } from '../../services/http/combined-log.ts';
import { loggedHeader } from '../../services/http/log-header.ts';
import { send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

describe('the line of a request', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry?.[Symbol.asyncDispose]());

  async function lineOf(path: string, headers: Record<string, string>): Promise<Record<string, unknown>> {
    await send(registry.url, path, { headers });
    const lines = () => registry.log().filter((line) => line['msg'] === 'request' && line['path'] === path);
    await eventually('it is logged', () => lines().length > 0);
    return lines().at(-1) ?? {};
  }

  it('has host, protocol, user agent, referer, port and type', async () => {
    const headers = { 'user-agent': 'docker/24.0.5', referer: 'https://images.example/page' };
    const line = await lineOf('/v2/one/tags/list', headers);
    expect(line).to.include({
      ...{ userAgent: 'docker/24.0.5', referer: 'https://images.example/page' },
      ...{ host: registry.host, protocol: 'HTTP/1.1', contentType: 'application/json' },
      ...{ method: 'GET', client: '127.0.0.1', status: 404 },
    });
    expect(line['port']).to.be.a('number').that.is.above(1023);
  });

  it('has no field for a header that was not sent', async () => {
    expect(await lineOf('/v2/two/tags/list', {})).not.to.have.any.keys('userAgent', 'referer');
  });

  it('has little of what is long, and bytes as Apache writes them', async () => {
    const bytes = Buffer.from([0x9b, 0x33, 0x31, 0x6d, 0xc3, 0xa4, 0x09]).toString('latin1');
    const line = await lineOf('/v2/three/tags/list', { 'user-agent': `a${bytes}b${'x'.repeat(5000)}` });
    expect(line['userAgent']).to.match(/^a\\x9b31m\\xc3\\xa4\\x09bx+\.\.\.$/);
    expect(String(line['userAgent']).length).to.be.below(300);
  });

  it('has no password or query of a URL', async () => {
    const referer = 'https://ann:hunter2@images.example/page?token=hunter3#hunter4';
    const line = await lineOf('/v2/four/tags/list', { referer, 'user-agent': 'bot (+https://a:hunter5@b/)' });
    expect(line['referer']).to.equal('https://(not logged)@images.example/page');
    expect(JSON.stringify(line)).not.to.match(/hunter/);
  });
});

describe('a header for the log', () => {
  it('is printable ASCII, and short, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (value) => {
        const shown = loggedHeader(value);
        if (value === '') expect(shown).to.equal(undefined);
        else expect(shown).to.match(/^[\x20-\x7e]{1,2000}$/);
      }),
    );
  });
});

describe("a line of Apache's combined log", () => {
  const ENTRY = {
    ...{ client: '2001:db8::1', at: new Date(Date.UTC(2006, 0, 2, 15, 4, 5)), status: 200, sentBytes: 5 },
    ...{ request: 'GET /v2/ HTTP/1.1', user: undefined, referer: undefined, userAgent: undefined },
  };

  it("is Apache's", () => {
    expect(combinedLine(ENTRY)).to.equal(
      '2001:db8::1 - - [02/Jan/2006:15:04:05 +0000] "GET /v2/ HTTP/1.1" 200 5 "-" "-"',
    );
    expect(combinedLine({ ...ENTRY, user: 'ann b', userAgent: 'a"b\\' })).to.equal(
      '2001:db8::1 - ann\\x20b [02/Jan/2006:15:04:05 +0000] "GET /v2/ HTTP/1.1" 200 5 "-" "a\\"b\\\\"',
    );
  });

  it('is one line with nine fields, whatever a client sends', () => {
    const text = fc.string({ unit: fc.constantFrom(...'"\\ \n\r\t\u001b\u009bä€[]', 'a', '" 200 5 "') });
    fc.assert(
      fc.property(text, text, text, text, (user, request, referer, userAgent) => {
        expect(combinedLine({ ...ENTRY, user, request, referer, userAgent })).to.match(
          /^\S+ - (?:[^\s"\\]|\\.)+ \[[^\]]+\] "(?:[^"\\]|\\.)*" 200 5 "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$/,
        );
      }),
    );
  });
});
