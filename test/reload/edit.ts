import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { send } from '../protocol/wire.ts';
import type { TestRegistry } from '../support/registry.ts';

/** A configuration file, as freely as a person edits it. */
// biome-ignore lint/suspicious/noExplicitAny: a file that is edited has no type
export type EditedFile = any;

const Answer = z.object({
  reloaded: z.array(z.string()).default([]),
  restart: z.array(z.string()).default([]),
  problems: z.array(z.string()).default([]),
});
export type Reloaded = z.output<typeof Answer> & { readonly status: number };

type Edited = Pick<TestRegistry, 'configPath' | 'debugUrl'>;

/** Changes the configuration file of a registry; returns what puts it back. */
export async function edit(
  { configPath }: Pick<Edited, 'configPath'>,
  change: (file: EditedFile) => void,
): Promise<() => Promise<void>> {
  const before = await readFile(configPath, 'utf8');
  const file = parse(before);
  change(file);
  await writeFile(configPath, stringify(file));
  return () => writeFile(configPath, before);
}

/** Has a registry reload, by its debug port. */
export async function reload({ debugUrl }: Pick<Edited, 'debugUrl'>): Promise<Reloaded> {
  const { status, body } = await send(debugUrl, '/debug/reload', { method: 'POST' });
  return { status, ...Answer.parse(JSON.parse(body.toString())) };
}

/** Changes the file and has the registry take that over; returns what puts both back. */
export async function reconfigure(
  registry: Edited,
  change: (file: EditedFile) => void,
  keys: readonly string[],
): Promise<() => Promise<void>> {
  const restore = await edit(registry, change);
  const { status, ...result } = await reload(registry);
  expect({ status, ...result }).to.deep.equal({ status: 200, reloaded: keys, restart: [], problems: [] });
  return async () => {
    await restore();
    expect((await reload(registry)).reloaded).to.deep.equal(keys);
  };
}
