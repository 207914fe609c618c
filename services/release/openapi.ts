import { z } from 'zod';
import type { RouteContext } from '../http/context.ts';
import type { Endpoint } from './endpoint.ts';
import { ErrorBody } from './schemas.ts';
import type { ReleaseService } from './service.ts';

/** The OpenAPI 3.1 description of the release service, generated from the table of its endpoints. */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const endpoint of endpoints) {
    const operations = paths[endpoint.path] ?? {};
    operations[endpoint.method.toLowerCase()] = operation(endpoint);
    paths[endpoint.path] = operations;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Roadstead release service',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
  };
}

/** GET of the document. */
export function getOpenApi({ openApi }: ReleaseService, ctx: RouteContext): void {
  ctx.body = openApi;
}

function operation(endpoint: Endpoint): Record<string, unknown> {
  const { request, response, responseType = 'application/json' } = endpoint;
  return {
    operationId: endpoint.name,
    summary: endpoint.summary,
    parameters: parameters(endpoint),
    ...(request && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(request, 'input') } },
      },
    }),
    responses: {
      200: {
        description: responseType === 'application/x-ndjson' ? 'One such object a line' : 'The answer',
        content: { [responseType]: { schema: response ? schemaOf(response, 'output') : {} } },
      },
      default: {
        description: "A failure, in the distribution specification's shape",
        content: { 'application/json': { schema: schemaOf(ErrorBody, 'output') } },
      },
    },
  };
}

function parameters({ path, query = {} }: Endpoint): unknown[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const inPath = names.map((name) => ({ name, in: 'path', required: true }));
  const inQuery = Object.entries(query).map(([name, { description, required }]) => ({
    ...{ name, in: 'query', required, description },
  }));
  return [...inPath, ...inQuery].map((parameter) => ({ ...parameter, schema: { type: 'string' } }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): unknown {
  // JSON Schema cannot express how digests are checked: there they are strings.
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'custom') jsonSchema.type = 'string';
    },
  });
}
