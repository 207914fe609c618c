import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = [
  'services',
  'test',
  'infra',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
];

/** A copy of the checkout, in which files can be broken. Disposing deletes it. */
export class Checkout implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'mutants-'));

  constructor() {
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.root, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'));
  }

  /** Changes a file until the result is disposed. */
  change(path: string, edit: (text: string) => string): Disposable {
    const at = join(this.root, path);
    const text = readFileSync(at, 'utf8');
    writeFileSync(at, edit(text));
    return { [Symbol.dispose]: () => writeFileSync(at, text) };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
