/** Promise: configured headers stand on every answer, once, and what the registry says of an answer goes before. */
import { expect } from 'chai';
import { createApp } from '../../services/http/app.ts';
import { withHeaders } from '../../services/http/extra-headers.ts';
import { listen } from '../../services/http/listen.ts';
import { Metrics } from '../../services/http/metrics.ts';
import { mountNotFound, mountRoutes } from '../../services/http/routes.ts';
import { sendBlob } from '../../services/http/send-blob.ts';
import { parseDigest } from '../../services/registry/oci/digest.ts';
import { send } from '../protocol/wire.ts';
import { sha256 } from '../support/digest.ts';
import { keepingLogger } from './log-sink.ts';

const BYTES = Buffer.from('hello');

function application() {
  const app = createApp({
    process: 'api',
    logger: keepingLogger().logger,
    metrics: new Metrics(),
    clientAddress: () => '',
    accessLog: false,
  });
  const digest = parseDigest(sha256(BYTES));
  mountRoutes(app, [
    {
      method: 'GET',
      path: '/blob',
      name: 'blob',
      handle: (ctx) =>
        sendBlob(ctx, {
          digest,
          sizeBytes: BYTES.length,
          isPublic: true,
          bytes: BYTES,
          send: () => Promise.resolve(),
        }),
    },
    {
      method: 'GET',
      path: '/broken',
      name: 'broken',
      handle: () => {
        throw new Error('broken');
      },
    },
  ]);
  mountNotFound(app);
  return app.callback();
}

describe('extra headers', () => {
  it('are on every answer, errors too, and the registry has the last word on its own', async () => {
    const headers = {
      'X-Content-Type-Options': ['nosniff'],
      'Strict-Transport-Security': ['max-age=63072000'],
      'Access-Control-Expose-Headers': ['Docker-Content-Digest', 'Link'],
    };
    await using listener = await listen(withHeaders(headers, application()), { host: '127.0.0.1', port: 0 });
    for (const [target, headersOfRequest, status, cacheControl] of [
      ['/blob', {}, 200, 'public, max-age=31536000, immutable'],
      ['/blob', { range: 'bytes=1-2' }, 206, 'public, max-age=31536000, immutable'],
      ['/blob', { range: 'bytes=9-' }, 416, 'no-store'],
      ['/nothing', {}, 404, 'no-store'],
      ['/broken', {}, 500, 'no-store'],
    ] as const) {
      const answer = await send(listener.url, target, { headers: headersOfRequest });
      expect(answer.status).to.equal(status);
      expect(answer.headers['strict-transport-security'], target).to.equal('max-age=63072000');
      expect(answer.headers['access-control-expose-headers']).to.equal('Docker-Content-Digest, Link');
      // Twice it would be "nosniff, nosniff", which browsers do not understand.
      expect(answer.headers['x-content-type-options']).to.equal('nosniff');
      expect(answer.headers['cache-control'], `${target} ${status}`).to.equal(cacheControl);
    }
  });

  it('stay what they are, although answers add to them', async () => {
    const handler = withHeaders({ Vary: ['Origin'] }, application());
    await using listener = await listen(handler, { host: '127.0.0.1', port: 0 });
    for (let i = 0; i < 3; i++) {
      const { headers } = await send(listener.url, '/nothing');
      expect(headers.vary).to.equal('Origin, Authorization');
    }
  });

  it('are absent when none are configured', () => {
    const handler = () => undefined;
    expect(withHeaders({}, handler)).to.equal(handler);
  });
});
