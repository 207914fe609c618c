import { type Mutant, mutantsOf } from '../mutant.ts';

const ceilings = { tests: ['test/protocol/ceilings.test.ts'] };
const costs = { tests: ['test/unit/request-costs.test.ts'] };

/** How much one request may make the registry read, write and keep. */
export const OF_CEILINGS: readonly Mutant[] = [
  ...mutantsOf('services/registry/oci/manifest-limits.ts', ceilings, [
    ['what an index may list', '  if (count > children)\n', '  if (count > children * 1e6)\n'],
    [
      'the layers of an image',
      "  if (count > layers)\n    throw tooMuch('manifest_layers'",
      "  if (count > layers * 1e6)\n    throw tooMuch('manifest_layers'",
    ],
    [
      'the URLs of layers',
      "  if (count > layers)\n    throw tooMuch('manifest_urls'",
      "  if (count > layers * 1e6)\n    throw tooMuch('manifest_urls'",
    ],
  ]),
  ...mutantsOf('services/registry/oci/manifest-limits.ts', { tests: ['test/unit/manifest-limits.test.ts'] }, [
    ['that what is stored has no limit', 'children: Number.POSITIVE_INFINITY', 'children: 3'],
  ]),
  ...mutantsOf('services/registry/oci/limit-error.ts', ceilings, [
    ['the name of a limit', '    this.limit = limit;\n', "    this.limit = 'image_blobs';\n"],
  ]),
  ...mutantsOf('services/http/app.ts', ceilings, [
    ['the metric of refusals', '  counts.refused(error.limit);\n', ''],
    ['the limit in a log line', "  ctx.state.logFields['limit'] = error.limit;\n", ''],
  ]),
  ...mutantsOf('services/registry/content/tags.ts', ceilings, [
    [
      'the tags that a delete takes along',
      'if (naming.push(tag) > deletedMax) throw',
      'if (naming.push(tag) > deletedMax * 1e6) throw',
    ],
    ['the tags that a delete reads', 'if (++read > readMax) throw', 'if (++read > readMax * 1e6) throw'],
  ]),
  ...mutantsOf('services/registry/content/tags.ts', { tests: ['test/unit/tags-naming.test.ts'] }, [
    ['how many tags are read at once', '{ concurrency: readsAtOnce }', '{ concurrency: 1e6 }'],
  ]),
  ...mutantsOf('services/registry/content/keepers.ts', costs, [
    [
      'that a blob is looked at once',
      'const named = new Set(allBlobs(manifest).map(({ digest }) => digest));',
      'const named = allBlobs(manifest).map(({ digest }) => digest);',
    ],
  ]),
  ...mutantsOf(
    'services/registry/content/referrers.ts',
    { tests: [...costs.tests, 'test/unit/referrers.test.ts'] },
    [
      ['what one page reads', 'const READS_MAX = 1000;', 'const READS_MAX = 1e9;'],
      [
        'the size of a page',
        'const isFull = referrers.length >= page.limit || sizeBytes > PAGE_MAX_BYTES;',
        'const isFull = referrers.length >= page.limit;',
      ],
      ['the bytes that one page reads', ' || readBytes >= READ_MAX_BYTES', ''],
    ],
  ),
  ...mutantsOf(
    'services/registry/publishing/promotion/image.ts',
    { tests: ['test/unit/image-limits.test.ts', ...costs.tests] },
    [
      ['what an index may list and lack', ' || absent.size >= ABSENT_MAX', ''],
      ['the manifests of an image', ' || manifests.size >= MANIFESTS_MAX', ''],
      ['how deep an image nests', 'depth > DEPTH_MAX || ', ''],
      ['the blobs of an image', 'if (stats.size >= BLOBS_MAX)', 'if (stats.size >= 1e9)'],
      ['that a blob is looked at once', '    if (stats.has(wanted)) return stats.get(wanted);\n', ''],
      ['that an image is whole', 'if (lacking.length > 0 || top === undefined)', 'if (top === undefined)'],
      ['the size of a blob', 'if (!stated || stated === sizeBytes) kind.set', 'if (stated !== -1) kind.set'],
    ],
  ),
  ...mutantsOf(
    'services/release/publications.ts',
    { tests: ['test/unit/publication-pages.test.ts', 'test/access/viewers.test.ts'] },
    [
      ['the entries that a page reads', 'const READS_MAX = 200;', 'const READS_MAX = 1e9;'],
      ['the blobs that a page names', 'const BLOBS_MAX = 10_000;', 'const BLOBS_MAX = 1e9;'],
      ['the length of a page', 'const PAGE_MAX = 100;', 'const PAGE_MAX = 1e9;'],
    ],
  ),
];
