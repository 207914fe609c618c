import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The commands of a guide, by the word behind `sh` in the first line of their blocks: those of one word in their order. */
export async function blocksOf(document: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(fileURLToPath(new URL(`../../docs/${document}`, import.meta.url)), 'utf8');
  const blocks = new Map<string, string>();
  for (const [, word = '', commands = ''] of text.matchAll(/^```sh *([\w-]*)\n(.*?)^```$/gms))
    blocks.set(word, `${blocks.get(word) ?? ''}${commands}`);
  return blocks;
}
