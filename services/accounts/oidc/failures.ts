import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { RegistryError } from '../../registry/oci/errors.ts';

/** The library's codes for answers that cannot be trusted. */
const UNTRUSTED = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
]);
/** A provider's codes for its own failures (RFC 6749, section 4.1.2.1). */
const PROVIDER_FAILURES = new Set(['server_error', 'temporarily_unavailable']);
/** Error codes; other text is not repeated. */
const ERROR_CODE = /^[a-z_]{1,60}$/;

/** The provider does not answer as it should. */
export function unreachable(issuer: string, cause?: unknown): RegistryError {
  const { host } = new URL(issuer);
  return new RegistryError(
    'UNAVAILABLE',
    `logins go through ${host}, which does not answer as it should; try again later. Credentials from earlier logins keep working`,
    undefined,
    cause,
  );
}

/** Why a login failed, for the person who logs in. */
export function failureOf(error: unknown, issuer: string): RegistryError {
  if (error instanceof RegistryError) return error;
  const { host } = new URL(issuer);
  if (error instanceof AuthorizationResponseError)
    return PROVIDER_FAILURES.has(error.error)
      ? unreachable(issuer, error)
      : new RegistryError('DENIED', `${host} did not let you in: ${codeOf(error.error)}`);
  if (error instanceof ResponseBodyError) {
    if (error.error === 'invalid_grant')
      return new RegistryError(
        'PARAMETER_INVALID',
        'this login was already used, or took too long: begin again',
      );
    return new RegistryError(
      'UNAVAILABLE',
      `${host} does not accept this registry (${codeOf(error.error)}): its operator has to correct the section oidc`,
      undefined,
      error,
    );
  }
  if (error instanceof ClientError && UNTRUSTED.has(error.code ?? ''))
    return new RegistryError(
      'DENIED',
      `the answer of ${host} cannot be trusted: begin again, and if that does not help, ask the operator`,
      undefined,
      error,
    );
  return unreachable(issuer, error);
}

function codeOf(text: string): string {
  return ERROR_CODE.test(text) ? text : 'an error without a name';
}

/** For the log: only messages, since the rest of an error may contain tokens. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code, error: answered, cause } = error as { code?: unknown; error?: unknown; cause?: unknown };
  const codes = [code, answered].filter((each) => typeof each === 'string');
  const own = codes.length > 0 ? `${error.message} (${codes.join(', ')})` : error.message;
  return cause instanceof Error ? `${own}: ${reasonOf(cause)}` : own;
}
