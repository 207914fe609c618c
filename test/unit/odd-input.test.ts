/**
 * Promise: whatever a parser is given, it answers, or throws the one error that it declares; and what it was given is
 * not told back at length.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { ConfigError } from '../../services/config/config-error.ts';
import { inspectConfig, parseConfig } from '../../services/config/load.ts';
import { parseEntityTags } from '../../services/http/conditional.ts';
import { readForwarded } from '../../services/http/forwarded.ts';
import { textLine } from '../../services/http/log-text.ts';
import { readLink } from '../../services/registry/content/link.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import { parseRepositoryPattern } from '../../services/registry/oci/repository-pattern.ts';
import { PromotionRequestBody } from '../../services/release/schemas.ts';
import { rejection } from '../contract/area.ts';
import { textOf } from '../house/source.ts';
import { cpuMsOf } from '../support/cpu.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { anyText, repositoryName } from './arbitraries.ts';
import { type Json, mutationsOf } from './mutations.ts';

describe('odd input', function () {
  this.timeout(60_000);

  it('as a link is an error that names the link, never a digest', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        fc.pre(text.trim() !== '');
        const objects = new MemoryStore();
        await objects.put('some/link', Buffer.from(text.slice(0, 1000)));
        expect(await rejection(readLink(objects, 'some/link')))
          .to.be.instanceOf(Error)
          .with.property('message')
          .that.includes('some/link');
      }),
    );
  });

  it('as a list of entity tags is malformed, or a list', () => {
    const piece = fc.constantFrom('"', 'W/', 'w/', '*', ',', ' ', '\t', 'a', '\\', '\xff', '"sha256:x"');
    const header = fc.oneof(
      anyText,
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(header, (text) => {
        const tags = parseEntityTags(text);
        if (tags === undefined) expect(text.trim()).to.equal('');
        else if (tags !== '*' && tags !== 'malformed')
          for (const tag of tags) expect(text).to.include(`${tag.isWeak ? 'W/' : ''}"${tag.text}"`);
        else expect(tags).to.be.oneOf(['*', 'malformed']);
      }),
      { numRuns: 3000 },
    );
  });

  it('in headers of proxies never throws, and takes no time however long it is', () => {
    const names = fc.constantFrom('x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded');
    const piece = fc.constantFrom(
      'for=',
      '"',
      '\\',
      ',',
      ';',
      '=',
      '[',
      ']',
      '::1',
      '127.0.0.1',
      ':80',
      ' ',
      'host=x',
    );
    const text = fc.oneof(
      anyText,
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(fc.dictionary(names, text), fc.boolean(), (headers, trust) => {
        for (const header of ['x-forwarded-for', 'forwarded'] as const)
          readForwarded(headers, { isTrusted: () => trust, header });
      }),
      { numRuns: 3000 },
    );
    const usedMs = cpuMsOf(() => {
      for (const long of ['"', '\\', ',', 'for="\\', 'for=1;', '[', '1.'])
        readForwarded({ forwarded: long.repeat(30_000) }, { isTrusted: () => true, header: 'forwarded' });
    });
    expect(usedMs).to.be.below(1000);
  });

  it('in a line of the log stays in that line', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.oneof(anyText, fc.jsonValue())), (facts) => {
        const line = textLine(JSON.stringify({ time: 't', level: 'info', msg: 'm', ...facts }));
        expect(line.indexOf('\n')).to.equal(line.length - 1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(line).not.to.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]/);
      }),
      { numRuns: 1000 },
    );
  });

  it('as a pattern of names is refused, or matches without looking for long', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, repositoryName), repositoryName, (text, name) => {
        parseRepositoryPattern(text)?.matches(name);
      }),
      { numRuns: 1000 },
    );
    const usedMs = cpuMsOf(() => {
      const pattern = parseRepositoryPattern(`${'**/'.repeat(4)}x`);
      pattern?.matches(parseRepositoryName(`${'a/'.repeat(126)}y`));
    });
    expect(usedMs).to.be.below(1000);
  });

  it('as the body of a promotion is what it should be, or an issue', () => {
    const valid = {
      source: 'a:1',
      target: 'b:1',
      dryRun: true,
      waitMirrors: 0,
      waitTimeoutMs: 1,
      actor: 'x',
    };
    fc.assert(
      fc.property(fc.oneof(mutationsOf(valid), fc.jsonValue()), (json) => {
        const result = PromotionRequestBody.safeParse(json);
        expect(result.success || result.error.issues.length > 0).to.equal(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('as a configuration is one, or is ConfigError with reasons', () => {
    const valid: Json = parse(textOf('infra/roadstead.yml'));
    const text = fc.oneof(
      { weight: 3, arbitrary: mutationsOf(valid).map((tree) => stringify(tree ?? null)) },
      anyText,
      fc.tuple(fc.nat(), anyText).map(([at, odd]) => {
        const good = textOf('infra/roadstead.yml');
        const place = at % good.length;
        return good.slice(0, place) + odd + good.slice(place);
      }),
    );
    const variable = fc.oneof(
      fc.constantFrom(
        'REGISTRY_HTTP_ADDR',
        'REGISTRY_MIRRORS_0_URL',
        'REGISTRY_MIRRORS_X',
        'REGISTRY_LOG_LEVEL',
      ),
      fc.constantFrom(
        'REGISTRY_',
        'REGISTRY___PROTO___X',
        'REGISTRY_HTTP',
        'REGISTRY_STORAGE',
        'REGISTRY_HTTP_0_1',
      ),
      fc.stringMatching(/^REGISTRY_[A-Z0-9_]{0,20}$/),
      anyText,
    );
    fc.assert(
      fc.property(text, fc.dictionary(variable, anyText, { maxKeys: 4 }), (yaml, environment) => {
        try {
          parseConfig(yaml, environment, 'odd.yml');
        } catch (error) {
          expect(error).to.be.instanceOf(ConfigError);
          expect((error as ConfigError).problems).to.have.length.at.least(1);
        }
        inspectConfig(yaml, environment);
        expect(({} as Record<string, unknown>)['x'], 'prototypes').to.equal(undefined);
      }),
      { numRuns: 400 },
    );
  });
});
