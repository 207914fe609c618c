import { z } from 'zod';
import type { ByNameOrId, SwiftCredentials, SwiftOptions } from '../options.ts';
import type { Wire } from '../wire.ts';
import type { Grant } from './session.ts';

/** Keystone's own name for the domain that every installation has. */
const DEFAULT_DOMAIN: ByNameOrId = { id: 'default' };

const TokenSchema = z.object({
  token: z.object({
    expires_at: z.coerce.date(),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              url: z.string(),
              region: z.string().nullish(),
              region_id: z.string().nullish(),
            }),
          ),
        }),
      )
      .default([]),
  }),
});

type Catalog = z.infer<typeof TokenSchema>['token']['catalog'];

/** Identity API v3, POST /v3/auth/tokens (docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management). */
export async function logInToKeystone(wire: Wire, options: SwiftOptions): Promise<Grant> {
  const { credentials, region, endpointType = 'public', storageUrl } = options;
  const response = await wire.send(
    `${credentials.authUrl.replace(/\/+$/, '')}/auth/tokens`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(JSON.stringify({ auth: authOf(credentials) })),
      expects: [200, 201],
    },
    'the log-in at Keystone',
  );
  const body: unknown = await response.body.json();
  const token = response.header('x-subject-token');
  const parsed = TokenSchema.safeParse(body);
  if (token === undefined || !parsed.success)
    throw new Error('Keystone answered with no token that we understand');
  const { catalog, expires_at } = parsed.data.token;
  return {
    token,
    storageUrl: storageUrl ?? endpointOf(catalog, endpointType, region),
    expiresAtMs: expires_at.getTime(),
  };
}

function authOf(credentials: SwiftCredentials): object {
  const { applicationCredential: application, username, password, trustId, tenant } = credentials;
  const domain = credentials.domain ?? DEFAULT_DOMAIN;
  if (application) {
    if ('name' in application && username === undefined)
      throw new Error('an application credential by name needs a username, too');
    const user = 'name' in application && { user: { name: username, domain } };
    return {
      identity: {
        methods: ['application_credential'],
        application_credential: { ...application, ...user },
      },
    };
  }
  if (username === undefined || password === undefined)
    throw new Error('Keystone needs a username and a password, or an application credential');
  const identity = { methods: ['password'], password: { user: { name: username, password, domain } } };
  if (trustId !== undefined) return { identity, scope: { 'OS-TRUST:trust': { id: trustId } } };
  if (tenant === undefined) throw new Error('Keystone needs a project (tenant or tenantid), or a trust');
  const project = 'id' in tenant ? tenant : { ...tenant, domain: credentials.tenantDomain ?? domain };
  return { identity, scope: { project } };
}

function endpointOf(catalog: Catalog, endpointType: string, region: string | undefined): string {
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
  throw new Error(
    `Keystone's catalogue has no ${endpointType} endpoint of an object store${where}, only: ${there.join(', ') || 'none'}`,
  );
}
