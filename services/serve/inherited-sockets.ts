import { closeSync } from 'node:fs';
import type { Logger } from 'pino';
import { z } from 'zod';

/** The first descriptor that a service manager hands over (sd_listen_fds(3)). */
const FIRST_DESCRIPTOR = 3;

/** What systemd put into the environment. */
const Variables = z.object({
  LISTEN_PID: z.coerce.number().int(),
  LISTEN_FDS: z.coerce.number().int().positive(),
  LISTEN_FDNAMES: z.string().optional(),
});

/**
 * Listening sockets of the service manager (socket activation), by the section of the configuration whose port they are:
 * `http`, `promotion.http`, `token.http`, `http.debug` (`FileDescriptorName=`).
 */
export class InheritedSockets {
  readonly #descriptors: Map<string, number>;

  constructor(descriptors: Map<string, number>) {
    this.#descriptors = descriptors;
  }

  /** The descriptor for a section's port, once; undefined if this process has to open the port. */
  take(section: string): number | undefined {
    const descriptor = this.#descriptors.get(section);
    this.#descriptors.delete(section);
    return descriptor;
  }

  /** Closes the sockets that no part of this process took: nobody would ever answer there. */
  closeRest(logger: Logger): void {
    for (const [name, descriptor] of this.#descriptors) {
      logger.warn(
        { socket: name },
        'closed a socket of the service manager that no part here uses: expected FileDescriptorName= http, promotion.http, token.http or http.debug, each once',
      );
      closeSync(descriptor);
    }
    this.#descriptors.clear();
  }
}

/** Takes the sockets out of an environment, so that no child believes them to be its own. */
export function takeInheritedSockets(environment: NodeJS.ProcessEnv): InheritedSockets {
  const parsed = Variables.safeParse(environment);
  for (const name of Object.keys(Variables.shape)) delete environment[name];
  const descriptors = new Map<string, number>();
  if (!parsed.success || parsed.data.LISTEN_PID !== process.pid) return new InheritedSockets(descriptors);
  const { LISTEN_FDS: count, LISTEN_FDNAMES: list = '' } = parsed.data;
  const names = list.split(':');
  for (let index = 0; index < count; index++) {
    const name = names[index] || 'unnamed';
    // A second one of a name is not used: a section has one address.
    descriptors.set(descriptors.has(name) ? `${name} (${index + 1})` : name, FIRST_DESCRIPTOR + index);
  }
  return new InheritedSockets(descriptors);
}
