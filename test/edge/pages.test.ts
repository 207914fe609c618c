/** Promise: no page of ours runs anything, is framed, kept or told of; over TLS, browsers ask for it by no other way again. */
import { expect } from 'chai';
import { Agent, request } from 'undici';
import { createApp } from '../../services/http/app.ts';
import { html } from '../../services/http/html.ts';
import { listen } from '../../services/http/listen.ts';
import { Metrics } from '../../services/http/metrics.ts';
import { sendPage } from '../../services/http/page.ts';
import { makePair } from '../http/certificates.ts';
import { keepingLogger } from '../http/log-sink.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

requires(['openssl'])('pages', () => {
  for (const isTls of [false, true])
    it(`have the headers that they should have over ${isTls ? 'TLS' : 'plain HTTP'}`, async () => {
      await using home = await tempDir('pages');
      const { logger } = keepingLogger();
      const app = createApp({
        ...{ process: 'token', logger, metrics: new Metrics(), accessLog: false, clientAddress: () => '' },
      });
      app.use((ctx) => sendPage(ctx, 200, { title: '<script>', body: html`<p>${'"&<b>'}</p>` }));
      const tls = isTls ? { ...(await makePair(home.path, { name: 'pages' })), logger } : undefined;
      await using listener = await listen(app.callback(), { host: '127.0.0.1', port: 0, tls });
      const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
      const { headers, body } = await request(listener.url, { dispatcher });
      const text = await body.text();
      await dispatcher.close();
      expect(text)
        .to.include('&lt;script&gt;')
        .and.to.include('&quot;&amp;&lt;b&gt;')
        .and.not.to.include('<script>');
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).to.include.members([
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ]);
      expect(policy.join()).not.to.match(/unsafe|script-src|\*/);
      expect(headers).to.include({
        ...{ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' },
        ...{ 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin' },
        ...{ 'x-content-type-options': 'nosniff', 'content-type': 'text/html; charset=utf-8' },
      });
      expect(headers['strict-transport-security']).to.equal(isTls ? 'max-age=31536000' : undefined);
    });
});
