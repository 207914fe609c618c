import { imageOf } from '../../crash/content.ts';
import { deleting, expectTag, pushBlobs, pushImage, putting } from '../../crash/requests.ts';
import type { Scenario, Step, World } from '../../crash/scenario.ts';
import { sha512 } from '../../support/digest.ts';
import type { Content } from '../../support/image.ts';
import { fleeting } from './fleeting.ts';

const repository = 'candidate/app';
const [first, second, third] = [imageOf('first'), imageOf('second'), imageOf('third')];
const signature = imageOf('signature', 1, { subject: first });
const by512 = imageOf('named by SHA-512', 1, { algorithm: 'sha512' });

/** What others have, and the blobs of what comes. */
async function prepare(world: World): Promise<void> {
  await pushImage(world, repository, first, 'other');
  for (const image of [second, third, signature, by512]) await pushBlobs(world, repository, image);
}

const put = (image: Content, reference = 't', headers?: Record<string, string>): Step =>
  putting({ repository, image, reference, ...(headers && { headers }) });
const remove = (reference: string): Step => deleting(`/v2/${repository}/manifests/${reference}`);
const ifMatch = ({ digest }: Content) => ({ 'if-match': `"${digest}"` });

/** Until turns that are over are deleted. */
const waiting: Step = {
  does: 'wait for two minutes',
  async act({ time }) {
    await time?.pass(120_000);
  },
};

const names = (image: Content) => (world: World) => expectTag(world, `${repository}:t`, [image]);

/** Changes of one tag, or of one manifest, one after the other: each would be undone by one before it that comes late. */
export const TAGS: readonly Scenario[] = [
  {
    title: 'a tag that is pushed three times',
    prepare,
    steps: [fleeting(put(first)), fleeting(put(second)), put(third)],
    outcome: names(third),
  },
  {
    title: 'a tag that is pushed twice, and much later once more',
    prepare,
    steps: [fleeting(put(first)), fleeting(put(second)), waiting, put(third)],
    outcome: names(third),
  },
  {
    title: 'a tag that is pushed, deleted and pushed again',
    prepare,
    steps: [fleeting(put(second)), fleeting(remove('t')), put(third)],
    outcome: names(third),
  },
  {
    title: 'a tag that is pushed twice, and deleted',
    prepare,
    steps: [fleeting(put(second)), fleeting(put(third)), remove('t')],
  },
  {
    title: 'a manifest that is pushed by its digest, deleted and pushed again',
    prepare,
    steps: [
      fleeting(put(second, second.digest)),
      fleeting(remove(second.digest)),
      put(second, second.digest),
    ],
  },
  {
    title: 'a manifest that is pushed by a tag, deleted by its digest and pushed again',
    prepare,
    steps: [fleeting(put(second)), fleeting(remove(second.digest)), put(second)],
    outcome: names(second),
  },
  {
    title: 'a manifest that is pushed by a tag, and deleted by its digest',
    prepare,
    steps: [fleeting(put(second)), remove(second.digest)],
  },
  {
    title: 'a tag that moves three times under If-Match',
    prepare,
    steps: [
      fleeting(put(first)),
      fleeting(put(second, 't', ifMatch(first))),
      fleeting(put(third, 't', ifMatch(second))),
      put(first, 't', ifMatch(third)),
    ],
    outcome: names(first),
  },
  {
    title: 'a tag that is made under If-None-Match, deleted and made again',
    prepare,
    steps: [
      fleeting(put(second, 't', { 'if-none-match': '*' })),
      fleeting(remove('t')),
      put(third, 't', { 'if-none-match': '*' }),
    ],
    outcome: names(third),
  },
  {
    title: 'a tag by SHA-512, by SHA-256 and by SHA-512 again',
    prepare,
    steps: [second, third, first].map((image, i) => {
      const reference = i === 1 ? image.digest : sha512(image.bytes);
      return putting({ repository, image, reference, tags: ['t'], stays: i === 2 });
    }),
    outcome: names(first),
  },
  {
    title: 'a referrer that is pushed, deleted and pushed again',
    prepare,
    steps: [
      fleeting(put(signature, signature.digest)),
      fleeting(remove(signature.digest)),
      put(signature, signature.digest),
    ],
  },
  {
    title: 'a manifest with blobs by SHA-512 that is pushed, deleted and pushed again',
    prepare,
    steps: [fleeting(put(by512)), fleeting(remove(by512.digest)), put(by512)],
    outcome: names(by512),
  },
];
