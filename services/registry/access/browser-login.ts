/** What has to be remembered of a login between its beginning and its end; secret from everyone but the browser it began in. */
export interface PendingLogin {
  /** Ties the answer to the browser (RFC 6749, section 10.12). */
  readonly state: string;
  /** Ties the ID token to this login (OpenID Connect Core, section 3.1.2.1). */
  readonly nonce: string;
  /** Ties the code to whoever asked for it (RFC 7636). */
  readonly codeVerifier: string;
  /** Where the provider was told to send the browser back to. */
  readonly redirectUri: string;
}

/** Somebody who has logged in in a browser, as the provider tells of them: nothing here is a name of the registry's yet. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
  /** Who they are to the provider, which never changes: its issuer and its `sub`. For records. */
  readonly subject: string;
}

/** A provider at which people log in in a browser. */
export interface BrowserLogin extends AsyncDisposable {
  /** The source of accounts that this is for, such as `oidc`. */
  readonly source: string;
  /** What pages call the provider: its host. */
  readonly provider: string;
  /** How long a credential made by a login is good for. */
  readonly credentialLifetimeMs: number;
  /** Where to send the browser, and what to remember until it comes back. Throws UNAVAILABLE. */
  begin(redirectUri: string, signal: AbortSignal): Promise<{ url: string; pending: PendingLogin }>;
  /**
   * Who logged in, by the parameters with which the browser came back. Throws PARAMETER_INVALID when they belong to no
   * login of this browser or are used up, DENIED when the provider refused or what it says cannot be believed, and
   * UNAVAILABLE when it does not answer.
   */
  finish(pending: PendingLogin, answer: URLSearchParams, signal: AbortSignal): Promise<Person>;
}
