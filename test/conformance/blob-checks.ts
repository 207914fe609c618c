import { type Algorithm, digestBy } from '../support/digest.ts';
import { type Check, check, type Group, group, type Target, Unsupported } from './check.ts';
import { type Blob, newBlob } from './content.ts';
import { expectBlobDeleted } from './deleting.ts';
import { expectDigestHeader, expectPullable, expectStatus, locationOf } from './expectations.ts';
import { OTHER_REPOSITORY, type Profile, REPOSITORY } from './profile.ts';
import { askForBlob, expectBlob, expectBlobExists } from './reading.ts';
import { begin, close, postWhole, UPLOAD_WAYS, UPLOADS, type Upload } from './uploads.ts';

/** Three chunks, the last of them short. */
const BLOB_BYTES = 3 * 1024 - 5;

/** Every way to push, mount, pull and delete a blob of this algorithm, with no manifest in sight. */
export function blobChecks(algorithm: Algorithm, profile: Profile): Group {
  const isDev = profile.version === 'dev';
  const { mountsFromAnywhere = [algorithm] } = profile;
  const make = (label: string) => newBlob(label, BLOB_BYTES, algorithm);
  const empty = { label: 'empty blob', bytes: Buffer.alloc(0) };
  const braces = { label: '{}', bytes: Buffer.from('{}') };
  return group(`${algorithm} blobs`, [
    missing(make('missing')),
    ...UPLOAD_WAYS.map((way) => pushed(`pushed by ${way}`, make(way), UPLOADS[way])),
    ...(isDev ? UPLOAD_WAYS.filter((way) => way !== 'one POST') : []).map((way) =>
      pushed(`pushed by ${way}, the algorithm told with the POST`, make(way), (on, repository, blob) =>
        UPLOADS[way](on, repository, blob, { hint: algorithm }),
      ),
    ),
    onePost(make('one POST')),
    mounted('mounted from a repository', make('mount'), OTHER_REPOSITORY),
    mounted(
      'mounted from wherever they are',
      make('anonymous mount'),
      undefined,
      mountsFromAnywhere.includes(algorithm),
    ),
    unmountable('mounted from where they are not', make('missing mount'), OTHER_REPOSITORY),
    unmountable('mounted from wherever, and they are nowhere,', make('missing anonymous mount'), undefined),
    ...[empty, braces].map(({ label, bytes }) => {
      const blob = { label, bytes, digest: digestBy(algorithm, bytes) };
      return group(
        label,
        UPLOAD_WAYS.map((way) => pushed(`pushed by ${way}`, blob, UPLOADS[way])),
      );
    }),
    refused(algorithm, profile),
  ]);
}

function missing({ digest }: Blob): Group {
  return group('that are missing', [
    check('are not found by GET', async (on) => expectStatus(await askForBlob(on, REPOSITORY, digest), 404)),
    check('are not found by HEAD', async (on) =>
      expectStatus(await askForBlob(on, REPOSITORY, digest, 'HEAD'), 404),
    ),
    check('are not found by DELETE', async (on) => {
      const answer = await on.client.ask(`/v2/${REPOSITORY}/blobs/${digest}`, { method: 'DELETE' });
      if (answer.status === 405) throw new Unsupported('deleting is answered with 405');
      expectStatus(answer, 404);
    }),
  ]);
}

/** A push, and the life of the blob after it. */
function pushed(title: string, blob: Blob, upload: Upload): Group {
  return group(title, [
    check('are created, with a Location to pull from', async (on) => {
      const answer = await upload(on, REPOSITORY, blob);
      expectStatus(answer, 201);
      expectDigestHeader(on, answer, blob.digest);
      await expectPullable(on, answer, blob.bytes);
    }),
    ...life(blob),
  ]);
}

function life(blob: Blob): Check[] {
  return [
    check('exist', (on) => expectBlobExists(on, REPOSITORY, blob)),
    check('are pulled', (on) => expectBlob(on, REPOSITORY, blob)),
    check('are deleted', (on) => expectBlobDeleted(on, REPOSITORY, blob.digest)),
  ];
}

function onePost(blob: Blob): Group {
  return group('in a single POST', [
    check('are created without a session', async (on) => {
      const answer = await postWhole(on, REPOSITORY, blob);
      if (answer.status === 202) throw new Unsupported('a session is opened all the same');
      expectStatus(answer, 201);
    }),
  ]);
}

/**
 * "Mounting a blob from another repository": with `from`, or without, which is a MAY. Who does not claim that opens a
 * session that can be used.
 */
function mounted(title: string, blob: Blob, from: string | undefined, isClaimed = true): Group {
  return group(title, [
    check('are created, with a Location to pull from', async (on) => {
      expectStatus(await UPLOADS['POST and PUT'](on, OTHER_REPOSITORY, blob), 201);
      const answer = await mount(on, blob, from);
      expectStatus(answer, 201, 202);
      if (answer.status === 202) {
        expectStatus(await close(on, locationOf(answer), blob, blob.bytes), 201);
        if (!isClaimed) return;
        throw new Unsupported('it is not mounted, a session is opened');
      }
      expectDigestHeader(on, answer, blob.digest, { isRequired: false });
      await expectPullable(on, answer, blob.bytes);
    }),
    ...life(blob),
    check('stay where they were mounted from', (on) => expectBlob(on, OTHER_REPOSITORY, blob)),
    check('are deleted there too', (on) => expectBlobDeleted(on, OTHER_REPOSITORY, blob.digest)),
  ]);
}

/** "If a registry is unable to mount the requested blob, it SHOULD return a 202." */
function unmountable(title: string, blob: Blob, from: string | undefined): Group {
  return group(title, [
    check('are asked for, in a session that can be used', async (on) => {
      const answer = await mount(on, blob, from);
      expectStatus(answer, 202);
      const closed = await close(on, locationOf(answer), blob, blob.bytes);
      expectStatus(closed, 201);
      await expectPullable(on, closed, blob.bytes);
    }),
    ...life(blob),
  ]);
}

function mount(on: Target, { digest }: Blob, from: string | undefined) {
  return on.client.ask(`/v2/${REPOSITORY}/blobs/uploads/`, {
    method: 'POST',
    query: { mount: digest, ...(from !== undefined && { from }) },
  });
}

/** "If the client provided digest is invalid or uses an unsupported algorithm, the registry SHOULD respond 400." */
function refused(algorithm: Algorithm, profile: Profile): Group {
  const isDev = profile.version === 'dev';
  const hex = digestBy(algorithm, Buffer.from('x')).slice(algorithm.length + 1);
  const invalid = [
    `${algorithm}:${hex.slice(2)}`,
    `${algorithm}:${hex.toUpperCase()}`,
    `md5:${hex}`,
    'x',
    '',
  ];
  return group('of another digest', [
    ...UPLOAD_WAYS.map((way) =>
      check(`are refused by ${way}, and not kept`, async (on) => {
        const blob = newBlob('corrupted', BLOB_BYTES, algorithm);
        const corrupted = { ...blob, bytes: Buffer.concat([blob.bytes, Buffer.from('oh no')]) };
        expectStatus(await UPLOADS[way](on, REPOSITORY, corrupted), 400);
        expectStatus(await askForBlob(on, REPOSITORY, blob.digest), 404);
        expectStatus(await askForBlob(on, REPOSITORY, digestBy(algorithm, corrupted.bytes)), 404);
      }),
    ),
    ...invalid.map((digest) =>
      check(
        `are refused for "${digest.slice(0, 12)}", which is none (${digest.length} characters)`,
        async (on) => {
          const { bytes, label } = newBlob('misnamed', 100, algorithm);
          const session = await begin(on, REPOSITORY);
          expectStatus(await close(on, session, { digest, bytes, label }, bytes), 400);
        },
      ),
    ),
    isDev &&
      check('are refused with the POST that tells an algorithm unheard of', async (on) => {
        const answer = await on.client.ask(`/v2/${REPOSITORY}/blobs/uploads/`, {
          method: 'POST',
          query: { 'digest-algorithm': 'md5' },
        });
        expectStatus(answer, 400);
      }),
  ]);
}
