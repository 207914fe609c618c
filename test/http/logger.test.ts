/**
 * Promise: one event is one line, in the format that was asked for, and nothing in it, whoever wrote it, can begin a
 * second line, look like another key, or steer the terminal of whoever reads it.
 */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { textLine } from '../../services/http/log-text.ts';
import { run } from '../support/process.ts';

const LOGGER = fileURLToPath(new URL('../../services/http/logger.ts', import.meta.url));

/** What a process writes that logs these facts in this format. */
async function logged(formatter: string | undefined, facts: unknown): Promise<string> {
  const program = `
    import { createLogger } from ${JSON.stringify(LOGGER)};
    const [settings, facts] = process.argv.slice(1).map((text) => JSON.parse(text));
    const { logger } = createLogger(settings);
    logger.debug({}, 'too small to be told');
    logger.info(facts, 'request');
    logger.error({ err: new Error('oh'), password: 'secret' }, 'it "broke"\\nlevel=info');`;
  const settings = { level: 'info', fields: { service: 'registry', zone: 'a b' }, formatter };
  const args = ['--input-type=module', '-e', program, JSON.stringify(settings), JSON.stringify(facts)];
  return (await run(process.execPath, args)).stdout;
}

/** A dull reader of logfmt: pairs as they stand, the last first when one stands twice. */
function readText(line: string): Map<string, string> {
  const pairs = new Map<string, string>();
  let rest = line;
  while (rest !== '') {
    const match = /^([\w.@/-]+)=("(?:[^"\\]|\\.)*"|[^" =]*)(?: |$)/.exec(rest);
    if (!match) throw new Error(`no pair: ${rest}`);
    const [whole, key = '', value = ''] = match;
    if (pairs.has(key)) throw new Error(`twice: ${key}`);
    pairs.set(key, value.startsWith('"') ? (JSON.parse(value) as string) : value);
    rest = rest.slice(whole.length);
  }
  return pairs;
}

const FACTS = {
  status: 200,
  path: '/v2/a" level=error msg="b\n\u001b[31m\u009b31m',
  tookMs: 0.5,
  aborted: true,
};

describe('the log', () => {
  it('is JSON unless something else is asked for', async () => {
    for (const formatter of [undefined, 'json']) {
      const [first, second, ...more] = (await logged(formatter, FACTS)).trimEnd().split('\n');
      expect(more).to.deep.equal([]);
      const { time, ...line } = JSON.parse(first ?? '') as Record<string, unknown>;
      expect(line).to.deep.equal({
        level: 'info',
        service: 'registry',
        zone: 'a b',
        ...FACTS,
        msg: 'request',
      });
      expect(Math.abs(Date.parse(String(time)) - Date.now())).to.be.below(60_000);
      expect(JSON.parse(second ?? '')).to.include({ level: 'error', password: '(not logged)' });
    }
  });

  it('is what Logstash reads, when asked', async () => {
    const [first, second, ...more] = (await logged('logstash', FACTS)).trimEnd().split('\n');
    expect(more).to.deep.equal([]);
    const { '@timestamp': time, ...line } = JSON.parse(first ?? '') as Record<string, unknown>;
    const fields = { service: 'registry', zone: 'a b', '@version': '1' };
    expect(line).to.deep.equal({ level: 'info', ...fields, ...FACTS, message: 'request' });
    expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(JSON.parse(second ?? '')).to.include({
      message: 'it "broke"\nlevel=info',
      password: '(not logged)',
    });
  });

  it("is text for people, when asked, as Distribution's", async () => {
    const [first = '', second = '', ...more] = (await logged('text', FACTS)).trimEnd().split('\n');
    expect(more).to.deep.equal([]);
    expect(first).to.match(
      /^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z" level=info msg=request service=registry zone="a b" status=200 /,
    );
    expect(Object.fromEntries(readText(first))).to.include({
      ...{ level: 'info', msg: 'request', status: '200', tookMs: '0.5', aborted: 'true' },
      path: FACTS.path,
    });
    expect(first).not.to.match(/\p{Cc}/u);
    const failure = readText(second);
    expect(failure.get('msg')).to.equal('it "broke"\nlevel=info');
    expect(failure.get('password')).to.equal('(not logged)');
    expect(failure.get('err.message')).to.equal('oh');
    expect(failure.get('err.stack')).to.include('\n    at ');
  });

  it('in text is one line for each event, of which every value can be read back', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(...'"\\= \n\r\t\u0000\u001b\u007f\u0085\u009b\u2028\u202e', 'level', 'a'),
      }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    const key = fc
      .stringMatching(/^[a-z][A-Za-z0-9]{0,8}$/)
      .filter((name) => !/^(?:time|level|msg)$/.test(name));
    const facts = fc.dictionary(key, value, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.string(), facts, (msg, given) => {
        const line = textLine(JSON.stringify({ level: 'info', time: 'now', ...given, msg }));
        expect(line.indexOf('\n')).to.equal(line.length - 1);
        expect(line.slice(0, -1)).not.to.match(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
        const read = readText(line.slice(0, -1));
        expect([read.get('time'), read.get('level'), read.get('msg')]).to.deep.equal(['now', 'info', msg]);
        // As it stands in JSON: -0 is 0 there.
        for (const [name, each] of Object.entries(given))
          expect(read.get(name)).to.equal(typeof each === 'string' ? each : JSON.stringify(each));
        expect(read.size).to.equal(3 + Object.keys(given).length);
      }),
      { numRuns: 1000 },
    );
  });

  it('in text shows whatever is nested, whatever its keys, on that one line', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 5 }), (given) => {
        const line = textLine(JSON.stringify({ given, level: 'info', time: 'now', msg: 'm' }));
        expect(line).to.match(/^time=now level=info msg=m[^\n]*\n$/);
      }),
    );
    const nested = { a: { 'b c=1\n': [1, { d: 'x' }], e: { f: { g: 1 } }, h: {}, i: null } };
    expect(textLine(JSON.stringify({ level: 'info', time: 'now', msg: 'm', ...nested }))).to.equal(
      'time=now level=info msg=m a.b_c_1_="[1,{\\"d\\":\\"x\\"}]" a.e.f="{\\"g\\":1}" a.h="{}" a.i=null\n',
    );
  });
});
