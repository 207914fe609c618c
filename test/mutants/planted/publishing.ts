import { type Mutant, mutantsOf } from '../mutant.ts';

const PROMOTION = 'services/registry/publishing/promotion';
const doors = { tests: ['test/release/side-doors.test.ts'] };
const lacking = { tests: ['test/release/lacking-mirrors.test.ts'] };
const viewers = { tests: ['test/access/viewers.test.ts'] };
const origin = { tests: ['test/access/origin.test.ts'] };
const directories = { tests: ['test/unit/directory-work.test.ts'] };
const endless = { tests: ['test/faults/endless-mirror.test.ts'] };

/** What becomes public, who sees it, and what is written at mirrors and on terminals. */
export const OF_PUBLISHING: readonly Mutant[] = [
  ...mutantsOf(`${PROMOTION}/attaching.ts`, doors, [
    [
      'that nothing is replaced',
      "state === 'replaced' && tag !== undefined && !allowed.includes(tag) ? [tag] : [],",
      "state === 'replaced' && tag === '' ? [tag] : [],",
    ],
    ['that only named tags are replaced', '!allowed.includes(tag)', 'allowed.length === 0'],
    [
      'that nothing is attached to what others promoted',
      'if (foreign.length === 0) return undefined;',
      'if (foreign.length >= 0) return undefined;',
    ],
  ]),
  ...mutantsOf(`${PROMOTION}/image.ts`, doors, [
    [
      'that what belongs to others is left out',
      '    if (!(await mayAttachTo(subject))) {\n',
      '    if (subject.length === 0) {\n',
    ],
  ]),
  ...mutantsOf(`${PROMOTION}/belonging.ts`, doors, [
    [
      'that an image is promoted again',
      'entry?.target.repository === repository && top.includes(entry.manifestDigest)',
      'entry?.target.repository === repository',
    ],
    ['that what an index lists is not owned', '    return false;\n', '    return true;\n'],
  ]),
  ...mutantsOf(`${PROMOTION}/plan.ts`, { tests: [...doors.tests, 'test/release/promotions.test.ts'] }, [
    ['the refusal of a plan', 'if (refusal !== undefined) throw refusal;', 'void refusal;'],
    ['that targets are stable', 'if (!isStable(policy, repository))', 'if (repository.length === 0)'],
  ]),
  ...mutantsOf(`${PROMOTION}/plan.ts`, { tests: ['test/release/late-writes.test.ts'] }, [
    ['that a tag is due', '(await isDue(content, target, previous)) &&\n', ''],
  ]),
  ...mutantsOf(`${PROMOTION}/promote.ts`, { tests: ['test/release/quorum.test.ts'] }, [
    [
      'that mirrors hold the image',
      'if (ready.length >= waitMirrors) return;',
      'if (ready.length >= 0) return;',
    ],
  ]),
  ...mutantsOf('services/release/publications.ts', viewers, [
    ['what a client may see', '  if (!maySee(entry.target.repository)) return undefined;\n', ''],
    [
      'the source that a client may not see',
      'return maySee(source.repository) ? entry : rest;',
      'return entry.seq < 0 ? rest : entry;',
    ],
  ]),
  ...mutantsOf('services/release/lacked-blobs.ts', lacking, [
    ['which digests a client may see', '&& client.maySee(repository)', ''],
    ['how many blobs are named', 'const NAMED_MAX = 20;', 'const NAMED_MAX = 1e9;'],
    ['how many publications are read', 'const PUBLICATIONS_MAX = 50;', 'const PUBLICATIONS_MAX = 1e9;'],
  ]),
  ...mutantsOf('services/release/mirror-words.ts', lacking, [
    [
      'that digests in texts are short',
      'replaceAll(/\\b(sha256:[0-9a-f]{12})',
      'replaceAll(/\\b(sha999:[0-9a-f]{12})',
    ],
  ]),
  ...mutantsOf('services/sync/notices/command.ts', { tests: ['test/notifications/mirror-notices.test.ts'] }, [
    ['that a command gets no secrets', 'spawn(program, args, { env, ', 'spawn(program, args, { '],
  ]),
  ...mutantsOf('services/release/promotions.ts', viewers, [
    [
      'what a tag names to a client that may not pull',
      'ctx.state.principal.maySee(request.target.repository)',
      'true',
    ],
  ]),
  ...mutantsOf('services/registry/publishing/publication/public-blobs.ts', origin, [
    [
      'that rules decide today',
      "    if (audience !== 'nobody') return audience;\n",
      "    if (audience !== undefined) return 'everyone';\n",
    ],
    [
      'that an address is not everyone',
      "if (mayPull(repository, '')) return 'everyone';",
      "if (mayPull(repository, address)) return 'everyone';",
    ],
    [
      'those that published later',
      'const audiences = new Set(later.map(audienceOf));',
      'const audiences = new Set<Audience>(later.map(() => "nobody"));',
    ],
    [
      'rules for those that published later',
      "if (audiences.has('everyone')) return 'everyone';",
      "if (later.length > 0) return 'everyone';",
    ],
  ]),
  ...mutantsOf(
    'services/registry/publishing/publication/public-blobs.ts',
    { tests: ['test/unit/public-blobs.test.ts'] },
    [
      [
        'what is lost',
        "first === undefined ? 'nobody' : audienceOf(first)",
        "first === undefined ? 'everyone' : audienceOf(first)",
      ],
    ],
  ),
  ...mutantsOf('services/registry/publishing/publication/published.ts', origin, [
    [
      'the record of what is published again',
      'if ((await this.#objects.stat(key)) === undefined) await',
      'if (key === "") await',
    ],
  ]),
  ...mutantsOf(
    'services/api/push/uploads.ts',
    { tests: ['test/access/origin.test.ts', 'test/attacks/guarded.test.ts', 'test/protocol/mounts.test.ts'] },
    [
      [
        'that a mount without a source is of what is public',
        "return seq > 0 && (await node.publicBlobs.audience(mount, seq, ctx.state.clientAddress)) !== 'nobody';",
        'return seq > -1;',
      ],
      [
        'that a mount without a source follows the rules of today',
        " && (await node.publicBlobs.audience(mount, seq, ctx.state.clientAddress)) !== 'nobody'",
        '',
      ],
    ],
  ),
  ...mutantsOf('services/api/pull/origin.ts', origin, [
    [
      'who may have a published blob',
      "audience === 'nobody' ? undefined : await node.content.blobs.statData(digest)",
      'await node.content.blobs.statData(digest)',
    ],
    ['who may keep a published blob', "isPublic: audience === 'everyone'", 'isPublic: true'],
  ]),
  ...mutantsOf('services/sync/targets/directory-work.ts', directories, [
    ['that only files are swept', 'stats?.isFile() && stats.mtimeMs', 'stats && stats.mtimeMs'],
    ['that others’ files stay', 'if (name.startsWith(stem)) await', 'await'],
  ]),
  ...mutantsOf('services/sync/targets/folders.ts', directories, [
    [
      'that no directory is a link',
      'open(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)',
      'open(at, O_RDONLY | O_DIRECTORY)',
    ],
    [
      'that names are found in an open directory',
      "process.platform === 'linux' ? '/proc/self/fd' : undefined",
      'undefined',
    ],
  ]),
  ...mutantsOf('services/mirrors/public-read.ts', endless, [
    [
      'that what is too long is cut off',
      'if (hasher.sizeBytes > sizeBytes)\n',
      'if (hasher.sizeBytes < 0)\n',
      'more than the blob',
    ],
    [
      'the time of an answer',
      'deadline.expect(patienceMs, `no answer within ${seconds} s`);',
      '',
      'does not answer',
    ],
    ['the pace of an answer', 'if (passedMs > graceMs && ', 'if (graceMs < 0 && ', 'a blob a byte at a time'],
  ]),
  ...mutantsOf('services/sync/targets/webdav-client.ts', endless, [
    [
      'what is read of a page that nobody needs',
      'const UNNEEDED_MAX_BYTES = 16 * 1024;',
      'const UNNEEDED_MAX_BYTES = 1e12;',
      'answers a write',
    ],
  ]),
  ...mutantsOf('services/mirrors/public-read.ts', { tests: ['test/sync/public-read.test.ts'] }, [
    [
      'the digest of what clients get',
      "if (hasher.digests().canonicalDigest === digest) return { kind: 'good' };",
      "if (hasher.sizeBytes > 0) return { kind: 'good' };",
    ],
    [
      'that what was cut off is read again',
      "if (first.kind !== 'cut') return first;",
      "if (first.kind !== 'cut') return first;\n  if (first.reason) return { kind: 'lost', reason: first.reason };",
    ],
  ]),
  ...mutantsOf('services/sync/transfer/publish-blob.ts', { tests: ['test/sync/publish-blob.test.ts'] }, [
    [
      'that what was written is read where clients get it',
      'const after = await lookAfterwards(parts, blob, signal);',
      "const after = { kind: 'good' } as PublicRead;",
    ],
    [
      'that what is too large is not sent again',
      "if (isTooLarge) return { kind: 'refused', ...isTooLarge };",
      '',
    ],
  ]),
  ...mutantsOf('services/sync/transfer/lines.ts', { tests: ['test/sync/lines.test.ts'] }, [
    [
      'that a stuck upload does not count',
      'if (line.isStuck(stuckMs)) stuck.add(line.mirror);\n      else moving++;',
      'moving++;',
    ],
    ['that a mirror without an upload gets one', 'return isOwed ? first : undefined;', 'return undefined;'],
  ]),
  ...mutantsOf('services/sync/transfer/spool.ts', { tests: ['test/sync/spool.test.ts'] }, [
    [
      'that a blob is read once for many',
      'const found = this.#entries.get(blob.digest);',
      "const found = this.#entries.get('' as Sha256Digest);",
    ],
  ]),
  ...mutantsOf('services/sync/targets/webdav-body.ts', { tests: ['test/sync/publish-blob.test.ts'] }, [
    [
      'that a slow store is not held against the mirror',
      'yield chunk.subarray(at, at + PIECE_BYTES);\n      deadline.pause();',
      'yield chunk.subarray(at, at + PIECE_BYTES);',
    ],
  ]),
  ...mutantsOf('services/sync/targets/webdav.ts', { tests: ['test/sync/nginx-writes.test.ts'] }, [
    [
      'that a full mirror gets its room back',
      'if (error.isBySize && error.status !== 413) await this.#incoming.sweepSoon(signal);',
      '',
    ],
  ]),
  ...mutantsOf(
    'services/cli/printable.ts',
    { tests: ['test/operators/terminal.test.ts'], grep: 'from the store|clean from|reads back' },
    [
      ['control characters', "text.replace(/[\\p{C}\\p{Zl}\\p{Zp}]/gu, '?')", 'text'],
      [
        'control characters in JSON',
        'return json.replace(/[^\\P{C}\\n]|[\\p{Zl}\\p{Zp}]/gu, escaped);',
        'return json.length < 0 ? escaped(json) : json;',
      ],
    ],
  ),
];
