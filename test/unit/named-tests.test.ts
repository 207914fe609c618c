import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { namedTests } from '../runner/named-tests.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = 'test/unit/named-tests.test.ts';
const named = (...args: string[]) => namedTests(args, ROOT);

describe('arguments of npm test', () => {
  it('name no file: all tests run', () => {
    expect(named('--bail')).to.deep.equal({ flags: ['--bail'], files: [] });
  });

  it('name a file', () => {
    expect(named(HERE).files).to.deep.equal([HERE]);
  });

  it('name a glob that the shell has not expanded', () => {
    const { files } = named('test/unit/named-*.test.ts', 'test/house/*.test.ts');
    expect(files).to.include(HERE).and.to.include('test/house/imports.test.ts');
  });

  it('are refused where a name matches no file', () => {
    expect(() => named('test/none/*.test.ts')).to.throw('no test file matches test/none/*.test.ts');
    expect(() => named('house')).to.throw('no test file matches house');
  });

  it('keep the value of a flag, whatever it looks like', () => {
    expect(named('--grep', 'test/unit', HERE)).to.deep.equal({
      flags: ['--grep', 'test/unit'],
      files: [HERE],
    });
    expect(named('--timeout=5000').flags).to.deep.equal(['--timeout=5000']);
  });
});
