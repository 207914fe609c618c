import { html } from '../http/html.ts';
import { sendPage } from '../http/page.ts';
import type { Handler } from '../http/routes.ts';
import type { ApiNode } from './node.ts';

/**
 * `/`: tells a person who opens the registry's URL in a browser what this is and how to pull. Distribution answers with 200
 * and nothing; load balancers and charts that ask for "200 on /" rely on it, so it needs no credentials and no store.
 */
export function frontPage({ baseUrlOf }: Pick<ApiNode, 'baseUrlOf'>): Handler {
  return (ctx) => {
    ctx.state.isRoutine = true;
    const host = URL.parse(baseUrlOf(ctx))?.host ?? 'this-registry';
    sendPage(ctx, 200, {
      title: 'Container registry',
      body: html`<p>This is a container registry. It has no pages: it answers container tools, such as podman and docker.</p>
<pre>podman pull ${host}/NAME:TAG</pre>
<pre>docker pull ${host}/NAME:TAG</pre>
<p class="note">It speaks the OCI distribution specification, below <code>/v2/</code>.</p>`,
    });
  };
}
