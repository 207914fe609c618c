import { Docker } from './docker.ts';
import { Podman } from './podman.ts';
import type { PullClient } from './pull-client.ts';
import { Skopeo } from './skopeo.ts';

/** A client that is yet to be opened, and the programs that its suite has to require. */
export interface PullClientKind {
  readonly name: string;
  readonly programs: readonly string[];
  open(): Promise<PullClient>;
}

/** Every client, for suites that loop over them: `requires(kind.programs)(kind.name, …)`. */
export const pullClients: readonly PullClientKind[] = [
  { name: 'skopeo', programs: ['skopeo'], open: Skopeo.open },
  { name: 'podman', programs: ['podman'], open: Podman.open },
  { name: 'docker', programs: ['dockerd', 'docker'], open: Docker.open },
];
