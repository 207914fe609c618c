import { type Mutant, mutantsOf } from '../mutant.ts';

const LINKS = 'services/registry/audit/link-check.ts';
const attacks = { tests: ['test/audit/attacks.test.ts'] };
const seals = { tests: ['test/audit/attacks.test.ts', 'test/audit/rotation.test.ts'] };
const recording = { tests: ['test/audit/recording.test.ts', 'test/audit/registry.test.ts'] };

/** The audit record, and what logs leave out. */
export const OF_RECORDS: readonly Mutant[] = [
  {
    ...attacks,
    drops: 'the hash of the record before',
    file: LINKS,
    find: 'if (previous === undefined || previous.hash === prev) return [];',
    replace: 'if (previous === undefined || previous.hash !== "") return [];',
  },
  {
    ...attacks,
    drops: 'the place of a record',
    file: LINKS,
    find: 'if (record.seq !== seq) {',
    replace: 'if (record.seq < 0) {',
  },
  {
    ...attacks,
    drops: 'records without a seal',
    file: LINKS,
    find: 'if (this.#firstSealed === undefined) return [];',
    replace: 'if (seq > 0) return [];',
  },
  {
    ...attacks,
    drops: 'the check of the seal',
    file: 'services/registry/audit/seal.ts',
    find: 'if (given.length !== right.length || !timingSafeEqual(given, right))',
    replace: 'if (given.length !== right.length)',
  },
  {
    ...attacks,
    drops: 'what the seal covers',
    file: 'services/registry/audit/seal.ts',
    find: "createHmac('sha256', bytes).update(body).digest()",
    replace: "createHmac('sha256', bytes).update(String(body.length)).digest()",
  },
  {
    ...recording,
    drops: 'that a change waits for its record',
    file: 'services/http/audit.ts',
    find: '  await audit.record({',
    replace: '  void audit.record({',
  },
  {
    ...recording,
    drops: 'the address in records',
    file: 'services/http/audit.ts',
    find: '    address: clientAddress,\n',
    replace: "    address: '',\n",
  },
  {
    ...recording,
    drops: 'the rule in records',
    file: 'services/http/audit.ts',
    find: '    rule,\n  });',
    replace: '    rule: undefined,\n  });',
  },
  {
    ...recording,
    drops: 'the refusal of what cannot be recorded',
    file: 'services/registry/audit/recorder.ts',
    find: 'done.reject(unrecorded(error))',
    replace: 'done.resolve()',
  },
  {
    ...recording,
    drops: 'the record of a deleted tag',
    file: 'services/registry/content/delete.ts',
    find: "    await requester.record({ action: 'tag.delete', repository, tags: [tag] });\n",
    replace: '',
  },
  {
    ...recording,
    drops: 'the record of a deleted blob',
    file: 'services/registry/content/delete.ts',
    find: "    await requester.record({ action: 'blob.delete', repository, digest });\n",
    replace: '',
  },
  {
    tests: ['test/accounts/robots.test.ts', 'test/audit/registry.test.ts'],
    drops: 'the record of a revoked robot',
    file: 'services/token/robots/robots.ts',
    find: "  await recordChange(audit, ctx, { action: 'robot.revoke', details: { robot: name } });\n",
    replace: '',
  },
  {
    tests: ['test/attacks/secrets-in-logs.test.ts'],
    drops: 'that a query is not logged',
    file: 'services/http/log-header.ts',
    find: "const [path = ''] = target.split('?', 1);",
    replace: 'const path = target;',
  },
  {
    tests: ['test/attacks/secrets-in-logs.test.ts'],
    drops: 'the password of a URL in a path',
    file: 'services/http/log-header.ts',
    find: "path.includes('@') ?",
    replace: "path.includes('@@@') ?",
  },
  ...mutantsOf('services/registry/audit/seal.ts', seals, [
    [
      'the end of a replaced secret',
      "return end !== undefined && seq > end.seq ? 'ended' : 'right';",
      "return 'right';",
    ],
    [
      'the length of a secret',
      'secret !== undefined && secret.length >= SECRET_MIN_CHARACTERS',
      'secret !== undefined',
    ],
    [
      'the last places of replaced secrets',
      'return this.#keys.flatMap(({ until }) => placeIn(until) ?? []);',
      'return [];',
    ],
  ]),
  ...mutantsOf(LINKS, seals, [
    [
      'seals of replaced secrets at the end',
      '    if (firstOlder !== undefined)\n',
      '    if (firstOlder === -1)\n',
    ],
    [
      'that somebody seals with the current secret',
      'if (age === 0 || this.end === undefined) return [];',
      'return [];',
    ],
    ['which secret is newest', 'else this.#newest.firstOlder ??= place.seq;', 'else void place.seq;'],
    ['the last record of a replaced secret', 'if (old !== undefined) this.lastOfOld[old] = place;', ''],
    [
      'seals that are wrong',
      "if (verdict === 'right') return [];",
      "if (verdict !== 'unknown-key') return [];",
    ],
    [
      'seals of unknown secrets',
      "if (verdict === 'right') return [];",
      "if (verdict === 'right' || verdict === 'unknown-key') return [];",
    ],
  ]),
];
