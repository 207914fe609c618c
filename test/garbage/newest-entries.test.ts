/** Promise: what lies among the publications and is none of them hides no entry from the collectors. */
import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { CollectorReader } from '../../services/registry/garbage/collector-reader.ts';
import { newestEntries } from '../../services/registry/garbage/published-blobs.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import { PUBLICATIONS_PREFIX } from '../../services/registry/storage/layout.ts';
import { MemoryStore } from '../support/memory-store.ts';

describe('the newest entries of the publication log', () => {
  for (const stray of ['0.json', '1000000000000.json', 'zz', 'zz.json', 'zz000000000009.json'])
    it(`are found with a stray object ${stray} among them`, async () => {
      const objects = new MemoryStore();
      const { log } = withPublications(contentOf(objects));
      for (const tag of ['one', 'two', 'three'])
        await log.append(
          {
            ...{ actor: 'test', kind: 'promotion', manifestDigest: digestOf(Buffer.from(tag)) },
            ...{ source: { repository: 'candidate/a', reference: tag }, target: { repository: 'a', tag } },
          },
          [],
        );
      objects.hold(`${PUBLICATIONS_PREFIX}${stray}`, 'stray');
      const entries = await newestEntries(new CollectorReader(objects, {}), false, Date.now());
      expect(entries.map(({ seq }) => seq)).to.deep.equal([3, 2]);
    });
});
