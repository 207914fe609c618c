import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { RegistryError } from '../../registry/oci/errors.ts';

/** What the library calls answers that are there and cannot be believed. */
const UNBELIEVABLE = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
]);
/** What a provider says that has trouble of its own (RFC 6749, section 4.1.2.1). */
const ITS_OWN_TROUBLE = new Set(['server_error', 'temporarily_unavailable']);
/** Codes of errors: whatever else stands there is not repeated. */
const ERROR_CODE = /^[a-z_]{1,60}$/;

/** A provider that does not say how to log in. */
export function unreachable(issuer: string, cause?: unknown): RegistryError {
  const { host } = new URL(issuer);
  return new RegistryError(
    'UNAVAILABLE',
    `logins go through ${host}, which does not answer as it should; try again in a while. Credentials from earlier logins go on working`,
    undefined,
    cause,
  );
}

/** What the end of a login failed of, for whoever logs in. */
export function failureOf(error: unknown, issuer: string): RegistryError {
  if (error instanceof RegistryError) return error;
  const { host } = new URL(issuer);
  if (error instanceof AuthorizationResponseError)
    return ITS_OWN_TROUBLE.has(error.error)
      ? unreachable(issuer, error)
      : new RegistryError('DENIED', `${host} did not let you in: ${codeOf(error.error)}`);
  if (error instanceof ResponseBodyError) {
    if (error.error === 'invalid_grant')
      return new RegistryError(
        'PARAMETER_INVALID',
        'this login was used already, or took too long: begin again',
      );
    return new RegistryError(
      'UNAVAILABLE',
      `${host} does not accept this registry (${codeOf(error.error)}): its operator has to mend the section oidc`,
      undefined,
      error,
    );
  }
  if (error instanceof ClientError && UNBELIEVABLE.has(error.code ?? ''))
    return new RegistryError(
      'DENIED',
      `what ${host} says of you cannot be believed: begin again, and if that does not help, tell the operator`,
      undefined,
      error,
    );
  return unreachable(issuer, error);
}

function codeOf(text: string): string {
  return ERROR_CODE.test(text) ? text : 'an error without a name';
}

/** For the log: messages alone, as what lies behind them may hold tokens. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'something was thrown';
  const { code, error: answered, cause } = error as { code?: unknown; error?: unknown; cause?: unknown };
  const codes = [code, answered].filter((each) => typeof each === 'string');
  const told = codes.length > 0 ? `${error.message} (${codes.join(', ')})` : error.message;
  return cause instanceof Error ? `${told}: ${reasonOf(cause)}` : told;
}
