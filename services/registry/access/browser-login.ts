/** The state of a login in progress; only the browser that began it may know it. */
export interface PendingLogin {
  /** Ties the answer to the browser (RFC 6749, section 10.12). */
  readonly state: string;
  /** Ties the ID token to this login (OpenID Connect Core, section 3.1.2.1). */
  readonly nonce: string;
  /** Ties the code to the client that asked for it (RFC 7636). */
  readonly codeVerifier: string;
  /** The URL to which the provider sends the browser back. */
  readonly redirectUri: string;
}

/** A user who logged in with a browser, as the provider describes them; not yet in the registry's names. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
  /** The provider's permanent identifier of the user: its issuer and its `sub`. For records. */
  readonly subject: string;
}

/** A provider at which people log in with a browser. */
export interface BrowserLogin extends AsyncDisposable {
  /** The source of accounts that this is for, such as `oidc`. */
  readonly source: string;
  /** What pages call the provider: its host. */
  readonly provider: string;
  /** How long a credential made by a login is valid. */
  readonly credentialLifetimeMs: number;
  /** Where to send the browser, and what to remember until it comes back. Throws UNAVAILABLE. */
  begin(redirectUri: string, signal: AbortSignal): Promise<{ url: string; pending: PendingLogin }>;
  /**
   * The user who logged in, from the parameters with which the browser came back. Throws PARAMETER_INVALID if they
   * belong to no login of this browser or were used before, DENIED if the provider refused or its answer cannot be
   * verified, and UNAVAILABLE if it does not answer.
   */
  finish(pending: PendingLogin, answer: URLSearchParams, signal: AbortSignal): Promise<Person>;
}
