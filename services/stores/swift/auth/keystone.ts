import { type AuthScope, authRequest, DEFAULT_DOMAIN, type Proof } from '../../../openstack/auth-request.ts';
import { SUBJECT_TOKEN, type Token, TokenBody } from '../../../openstack/token.ts';
import { OperatorError } from '../../../registry/runtime/operator-error.ts';
import type { SwiftCredentials, SwiftOptions } from '../options.ts';
import type { Wire } from '../wire.ts';
import type { Grant } from './session.ts';

/** Logs in at Keystone, and finds Swift in its catalogue. */
export async function logInToKeystone(wire: Wire, options: SwiftOptions): Promise<Grant> {
  const { credentials, region, endpointType = 'public', storageUrl } = options;
  const response = await wire.send(
    `${credentials.authUrl.replace(/\/+$/, '')}/auth/tokens`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(JSON.stringify(authRequest(proofOf(credentials), scopeOf(credentials)))),
      expects: [200, 201],
    },
    'the log-in at Keystone',
  );
  const body: unknown = await response.body.json();
  const token = response.header(SUBJECT_TOKEN);
  const parsed = TokenBody.safeParse(body);
  if (token === undefined || !parsed.success)
    throw new OperatorError('Keystone answered with no token that we understand');
  const { catalog, expires_at } = parsed.data.token;
  return {
    token,
    storageUrl: storageUrl ?? endpointOf(catalog, endpointType, region),
    expiresAtMs: expires_at.getTime(),
  };
}

function proofOf(credentials: SwiftCredentials): Proof {
  const { applicationCredential, username, password, domain = DEFAULT_DOMAIN } = credentials;
  if (applicationCredential) {
    const { secret } = applicationCredential;
    const method = 'application_credential';
    if ('id' in applicationCredential)
      return { method, credential: { id: applicationCredential.id }, secret };
    if (username === undefined)
      throw new OperatorError('an application credential by name needs a username, too');
    const { name } = applicationCredential;
    return { method, credential: { name, user: { name: username, domain } }, secret };
  }
  if (username === undefined || password === undefined)
    throw new OperatorError('Keystone needs a username and a password, or an application credential');
  return { method: 'password', user: { name: username, domain }, password };
}

function scopeOf(credentials: SwiftCredentials): AuthScope | undefined {
  const {
    applicationCredential,
    trustId,
    tenant,
    domain = DEFAULT_DOMAIN,
    tenantDomain = domain,
  } = credentials;
  if (applicationCredential) return undefined;
  if (trustId !== undefined) return { trustId };
  if (tenant === undefined)
    throw new OperatorError('Keystone needs a project (tenant or tenantid), or a trust');
  return { project: 'id' in tenant ? tenant : { name: tenant.name, domain: tenantDomain } };
}

function endpointOf(catalog: Token['catalog'], endpointType: string, region: string | undefined): string {
  const endpoints = catalog
    .filter(({ type }) => type === 'object-store')
    .flatMap((service) => service.endpoints);
  const found = endpoints.find(
    (endpoint) =>
      endpoint.interface === endpointType &&
      (region === undefined || endpoint.region === region || endpoint.region_id === region),
  );
  if (found) return found.url;
  const where = region === undefined ? '' : ` in the region ${region}`;
  const there = endpoints.map(
    (each) => `${each.interface} in ${each.region_id ?? each.region ?? 'no region'}`,
  );
  throw new OperatorError(
    `Keystone's catalogue has no ${endpointType} endpoint of an object store${where}, only: ${there.join(', ') || 'none'}`,
  );
}
