import type { RouteContext } from '../http/context.ts';
import { html } from '../http/html.ts';
import { sendPage } from '../http/page.ts';
import type { ApiNode } from './node.ts';

/**
 * `/`: a page for people that open the registry's URL in a browser. Distribution answers with an empty 200; load balancers
 * and charts rely on that, so the page needs no credentials and no store.
 */
export function frontPage({ baseUrlOf }: ApiNode, ctx: RouteContext): void {
  ctx.state.isRoutine = true;
  const host = URL.parse(baseUrlOf(ctx))?.host ?? 'this-registry';
  sendPage(ctx, 200, {
    title: 'Container registry',
    body: html`<p>This is a container registry. It has no pages: it answers container tools, such as podman and docker.</p>
<pre>podman pull ${host}/NAME:TAG</pre>
<pre>docker pull ${host}/NAME:TAG</pre>
<p class="note">It speaks the OCI distribution specification, below <code>/v2/</code>.</p>`,
  });
}
