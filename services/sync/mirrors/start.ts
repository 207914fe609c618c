import type { Dispatcher } from 'undici';
import type { Config, MirrorConfig } from '../../config/schema.ts';
import { clientTls } from '../../http/client-tls.ts';
import type { ServiceParts } from '../../http/service.ts';
import { publicBaseUrl } from '../../http/urls.ts';
import { contentOf } from '../../registry/content/content.ts';
import { withPublications } from '../../registry/publishing/publishing-content.ts';
import type { MirrorNotice } from '../notices/notice.ts';
import { Notices } from '../notices/notices.ts';
import { openTarget } from '../targets/open-target.ts';
import type { MirrorTarget } from '../targets/target.ts';
import { LogView } from './log-view.ts';
import type { MirrorParts } from './mirror-session.ts';
import { Stalls } from './stalls.ts';
import { Transfer } from './transfer.ts';
import { MirrorWorkers } from './workers.ts';

/** Between two samples and two looks. */
const CONNECTION_MAX_AGE_MS = 3000;

/** Work on mirrors that can begin. Disposing ends it. */
export interface OpenedMirrors extends AsyncDisposable {
  /** Begins. To be called once; does not fail. */
  start(): void;
}

type MirrorsParts = Pick<ServiceParts, 'objects' | 'changes' | 'metrics' | 'logger'>;

/** Starts the work on all mirrors of the configuration; `open` opens the way to write to one. */
export async function startMirrors(
  config: Config,
  parts: MirrorsParts,
  open?: (mirror: MirrorConfig) => Promise<MirrorTarget>,
): Promise<AsyncDisposable> {
  const mirrors = await openMirrors(config, parts, open);
  mirrors.start();
  return mirrors;
}

/**
 * Opens the ways to all mirrors of the configuration. Throws an Error that names the key when one cannot be used; then
 * other work on mirrors in this process is as it was.
 */
export async function openMirrors(
  config: Config,
  parts: MirrorsParts,
  open: (mirror: MirrorConfig) => Promise<MirrorTarget> = openTarget,
): Promise<OpenedMirrors> {
  await using opening = new AsyncDisposableStack();
  const mirrors: MirrorParts[] = [];
  for (const mirror of config.mirrors)
    mirrors.push({
      mirror,
      target: opening.use(await open(mirror)),
      dispatcher: opening.adopt(await openPublicSide(mirror), (dispatcher) => dispatcher.destroy()),
    });
  const held = opening.move();
  return {
    start() {
      if (mirrors.length > 0) work(config, parts, mirrors, held);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function work(
  config: Config,
  { objects, changes, metrics, logger }: MirrorsParts,
  mirrors: readonly MirrorParts[],
  held: AsyncDisposableStack,
): void {
  const content = withPublications(contentOf(objects));
  const { host, prefix } = config.http;
  const notices = held.use(
    new Notices({
      ...config.sync.notices,
      ...(host && { registry: publicBaseUrl(host, prefix) }),
      logger,
    }),
  );
  const log = held.use(new LogView(content, changes, logger));
  const stalls = held.use(new Stalls());
  const transfer = held.use(new Transfer({ settings: config.sync, blobs: content.blobs, objects, metrics }));
  const shared = {
    ...{ content, log, transfer, stalls, metrics, logger },
    notify: (notice: Omit<MirrorNotice, 'at' | 'registry'>) =>
      notices.notify({ ...notice, at: new Date().toISOString() }),
  };
  held.use(new MirrorWorkers({ mirrors, shared, changes }));
}

/**
 * Makes the connections to a mirror's public URL. Clients come over new ones: an old one would hide that the mirror's
 * certificate has expired, or that its name leads elsewhere now.
 */
async function openPublicSide({ name, rootcas }: MirrorConfig): Promise<Dispatcher> {
  return clientTls({
    ...{ rootCas: rootcas, connectionMaxAgeMs: CONNECTION_MAX_AGE_MS },
    nameOf: () => `mirrors: ${name}: rootcas`,
  });
}
