import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { run } from '../support/process.ts';

const OVERLAYS = join(import.meta.dirname, '../../infra/kubernetes/overlays');

const Port = z.union([z.string(), z.int()]);
const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const Container = z.object({
  name: z.string(),
  image: z.string(),
  args: z.tuple([z.string(), z.string()]),
  envFrom: z.array(z.object({ secretRef: z.object({ name: z.string() }) })),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })),
  ...{ startupProbe: Probe, livenessProbe: Probe, readinessProbe: Probe },
  securityContext: z.unknown(),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
});
const PodSpec = z.object({
  terminationGracePeriodSeconds: z.int(),
  securityContext: z.unknown(),
  containers: z.tuple([Container]),
  volumes: z.array(
    z.object({
      name: z.string(),
      configMap: z.object({ name: z.string() }).optional(),
      secret: z.object({ secretName: z.string() }).optional(),
    }),
  ),
});
const Labels = z.record(z.string(), z.string());

export const Workload = z.object({
  kind: z.enum(['Deployment', 'StatefulSet']),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.int(),
    template: z.object({ metadata: z.object({ labels: Labels }), spec: PodSpec }),
  }),
});
export type Workload = z.output<typeof Workload>;

export const Service = z.object({
  kind: z.literal('Service'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: Labels,
    ports: z.array(z.object({ name: z.string(), port: z.int(), targetPort: Port })),
  }),
});
export const Ingress = z.object({
  kind: z.literal('Ingress'),
  metadata: z.object({ annotations: Labels }),
  spec: z.object({
    rules: z.array(
      z.object({
        http: z.object({
          paths: z.array(
            z.object({
              path: z.string(),
              backend: z.object({
                service: z.object({ name: z.string(), port: z.object({ name: z.string() }) }),
              }),
            }),
          ),
        }),
      }),
    ),
  }),
});
export const ConfigMap = z.object({
  kind: z.literal('ConfigMap'),
  metadata: z.object({ name: z.string() }),
  data: Labels,
});
export const Secret = z.object({
  kind: z.literal('Secret'),
  metadata: z.object({ name: z.string() }),
  data: Labels,
});

/** What an overlay makes. */
export interface Objects {
  /** As it goes to Kubernetes. */
  readonly text: string;
  /** The objects of a kind. */
  all<T extends z.ZodType>(schema: T): z.output<T>[];
}

/** Has kustomize build an overlay that the project ships. */
export async function buildOverlay(kustomize: string, name: string): Promise<Objects> {
  const { stdout: text } = await run(kustomize, ['build', join(OVERLAYS, name)]);
  const objects: unknown[] = parseAllDocuments(text).map((document) => document.toJS());
  return {
    text,
    all: (schema) =>
      objects.flatMap((object) => {
        const result = schema.safeParse(object);
        if (result.success) return [result.data];
        // An object of the kind that does not fit must not go missing.
        if (result.error.issues.some(({ path }) => path[0] === 'kind')) return [];
        throw result.error;
      }),
  };
}

/** The files that a pod mounts, and the variables it gets, from the objects of its overlay. */
export function contentOf({ spec: { template } }: Workload, objects: Objects) {
  const [container] = template.spec.containers;
  const maps = new Map(objects.all(ConfigMap).map(({ metadata, data }) => [metadata.name, data]));
  const secrets = new Map(
    objects.all(Secret).map(({ metadata, data }) => [metadata.name, decoded(data)] as const),
  );
  const need = <T>(from: ReadonlyMap<string, T>, name: string): T => {
    const found = from.get(name);
    if (found === undefined) throw new Error(`${name} is referred to, and does not exist`);
    return found;
  };
  const files = container.volumeMounts.flatMap(({ name, mountPath }) => {
    const { configMap, secret } = template.spec.volumes.find((volume) => volume.name === name) ?? {};
    const data = configMap
      ? need(maps, configMap.name)
      : secret
        ? need(secrets, secret.secretName)
        : undefined;
    return Object.entries(data ?? {}).map(([file, text]) => [join(mountPath, file), text] as const);
  });
  const env = Object.assign({}, ...container.envFrom.map(({ secretRef }) => need(secrets, secretRef.name)));
  return { files: new Map(files), env: Labels.parse(env) };
}

function decoded(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]),
  );
}
