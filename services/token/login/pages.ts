import { html } from '../../http/html.ts';
import type { Page } from '../../http/page.ts';

export interface NewCredential {
  /** Where clients log in, `host[:port]`. */
  readonly registry: string;
  readonly name: string;
  readonly secret: string;
  readonly groups: readonly string[];
  /** RFC 3339. */
  readonly expiresAt: string | undefined;
}

/** Shows a new credential, once. */
export function credentialPage({ registry, name, secret, groups, expiresAt }: NewCredential): Page {
  const command = `docker login ${shellWord(registry)} -u ${shellWord(name)} -p ${shellWord(secret)}`;
  return {
    title: `Your password for ${registry}`,
    body: html`<p>Log in on the machine that pushes or pulls; podman and skopeo take the same arguments:</p>
<pre>${command}</pre>
<dl>
<dt>Name</dt><dd><code>${name}</code></dd>
<dt>Password</dt><dd><code>${secret}</code></dd>
<dt>Groups</dt><dd>${groups.length > 0 ? groups.join(', ') : 'none'}</dd>
<dt>Good until</dt><dd>${expiresAt === undefined ? 'it is revoked' : printTime(expiresAt)}</dd>
</dl>
<p class="note">It is shown only once, and anyone who has it can do what you can. Without <code>-p</code> you are asked for the
password, and it stays out of the shell’s history. Lost it? Close this page and <a href="login">log in again</a>; ask the
operator to revoke one that got into the wrong hands. Your groups do not change until you log in again.</p>`,
  };
}

/** For browsers sent by another site: a person has to begin the login here. */
export function beginPage(provider: string): Page {
  return {
    title: 'Get a password for this registry',
    body: html`<p>You log in at ${provider}, and get a password for docker, podman and skopeo.</p>
<p><a class="button" href="login">Log in at ${provider}</a></p>`,
  };
}

export function failurePage(message: string): Page {
  return {
    title: 'No login',
    body: html`<p>${message[0]?.toUpperCase() ?? ''}${message.slice(1)}.</p>
<p><a class="button" href="login">Begin again</a></p>`,
  };
}

function printTime(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/** Quotes a text as one word of a POSIX shell. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=,./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
