import { z } from 'zod';

/** The header of Keystone's answer with the token itself; the body describes it. */
export const SUBJECT_TOKEN = 'x-subject-token';

const Named = z.object({ id: z.string(), name: z.string() });
const Placed = Named.extend({ domain: Named });

/** Keystone's description of a token, as far as this registry reads it (Identity API v3; later versions only add fields). */
export const TokenBody = z.object({
  token: z.object({
    expires_at: z.coerce.date(),
    user: Placed,
    project: Placed.optional(),
    roles: z.array(Named).default([]),
    methods: z.array(z.string()).default([]),
    /** The whole system, or a domain, instead of a project. */
    system: z.unknown().optional(),
    domain: Named.optional(),
    'OS-TRUST:trust': z.object({ id: z.string() }).optional(),
    application_credential: z
      .object({ id: z.string(), name: z.string(), access_rules: z.array(z.unknown()).nullish() })
      .optional(),
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

/** A token's user, scope and roles. */
export type Token = z.output<typeof TokenBody>['token'];
