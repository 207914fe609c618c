import { readFile } from 'node:fs/promises';

/**
 * Looks for secrets in all that our programs write while the tests run, as they write it: nothing has to be kept, and
 * whatever is written is seen. What is a secret is known in two ways: by its form (tokens, keys, what stands in
 * `Authorization`), and by having been told, before it was used ({@link tellSecret}).
 */

/** A secret in a log. */
export interface Leak {
  readonly source: string;
  /** The test that ran when it was written. */
  readonly during: string;
  readonly kind: string;
  /** The line, shortened, without the secret. */
  readonly line: string;
}

/** A stream of lines that is being looked at. */
export interface WatchedLog {
  write(chunk: Buffer | string): void;
  /** No more comes: what is left of a line is looked at as well. */
  end(): void;
}

/** Shorter ones would be found in words that are no secrets. */
const SECRET_MIN_CHARACTERS = 8;
/** A longer line is looked at in pieces. */
const LINE_MAX_CHARACTERS = 256 * 1024;
const SHOWN_CHARACTERS = 300;

/** What is a secret by its form; a test of its own where the form alone might be something else. */
const FORMS: readonly {
  readonly kind: string;
  readonly form: RegExp;
  readonly is?: (text: string) => boolean;
}[] = [
  { kind: 'a token (JWT)', form: /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g },
  { kind: 'a secret of a robot', form: /rsr_[\w-]{43}/g },
  { kind: 'a token of Keystone', form: /gAAAAA[\w-]{60,}/g },
  { kind: 'a private key', form: /PRIVATE KEY-----|\\?"(?:d|dp|dq|qi)\\?":\\?"[\w-]{20,}/g },
  { kind: 'a name and a password', form: /basic +([A-Za-z0-9+/]{8,}={0,2})/gi, is: isNameAndPassword },
  { kind: 'a token in Authorization', form: /bearer +(?!realm=)[\w.~+/=-]{20,}/gi },
  { kind: 'a signature of Amazon’s form', form: /\bSignature=[0-9a-f]{64}/g },
  { kind: 'a signed URL', form: /(?:X-Amz-Signature|temp_url_sig)=[0-9a-f]{40,}/g },
  { kind: 'a password in a URL', form: /\w:\/\/[^\s/:@"\\]+:[^\s/@"\\]+@/g },
];

function isNameAndPassword(text: string): boolean {
  const decoded = Buffer.from(text.replace(/^basic +/i, ''), 'base64').toString('utf8');
  return /^[^\p{Cc}\ufffd]+:[^\p{Cc}\ufffd]+$/u.test(decoded);
}

/** What was told, and every form in which it could stand in a log. */
export class LogWatch {
  readonly #told = new Map<string, string>();
  readonly leaks: Leak[] = [];
  /** Characters that were looked at, by what wrote them. */
  readonly seen = new Map<string, number>();
  /** The title of the test that runs. */
  during = 'no test';

  /** A secret that a test is about to use; `what` says whose, for people. Short ones cannot be looked for. */
  tellSecret(secret: string, what: string): void {
    if (secret.length < SECRET_MIN_CHARACTERS) return;
    const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
    const written = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64];
    for (const each of written) this.#told.set(each, what);
  }

  /** Looks at what a program writes. */
  watch(source: string): WatchedLog {
    let rest = '';
    const look = (text: string) => {
      this.seen.set(source, (this.seen.get(source) ?? 0) + text.length);
      this.#look(source, text);
    };
    return {
      write: (chunk) => {
        rest += chunk.toString();
        const end = rest.lastIndexOf('\n') + 1;
        if (end === 0 && rest.length < LINE_MAX_CHARACTERS) return;
        look(rest.slice(0, end || rest.length));
        rest = end === 0 ? '' : rest.slice(end);
      },
      end: () => {
        if (rest !== '') look(rest);
        rest = '';
      },
    };
  }

  #look(source: string, text: string): void {
    for (const { kind, form, is } of FORMS)
      for (const { 0: found, index } of text.matchAll(form))
        if (is?.(found) !== false) this.#found(source, text, index, found, kind);
    for (const [secret, what] of this.#told) {
      const index = text.indexOf(secret);
      if (index >= 0) this.#found(source, text, index, secret, what);
    }
  }

  #found(source: string, text: string, index: number, secret: string, kind: string): void {
    const from = text.lastIndexOf('\n', index) + 1;
    const end = text.indexOf('\n', index);
    const line = text.slice(from, end < 0 ? undefined : end).replaceAll(secret, `<${kind}>`);
    this.leaks.push({ source, during: this.during, kind, line: line.slice(0, SHOWN_CHARACTERS) });
  }
}

/** That of this run of the tests: each program of ours that they start is looked at. */
export const RUN = new LogWatch();

/** Tells the run's watch of a secret that is about to be used. */
export function tellSecret(secret: string, what: string): void {
  RUN.tellSecret(secret, what);
}

/** Looks at logs that are files, before they go; such as are not there hold nothing. */
export async function lookAtFiles(source: string, paths: readonly string[]): Promise<void> {
  const log = RUN.watch(source);
  for (const path of paths) log.write(await readFile(path).catch(() => ''));
  log.end();
}

/** Keys of a configuration, or of an answer, whose values are secrets. */
const SECRET_KEY = /password|secret|^(?:access_|refresh_|id_)?token$/i;

/** Tells of every secret in a configuration, or in an answer that hands some out. */
export function tellSecretsIn(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (SECRET_KEY.test(key))
      for (const text of [inner].flat()) if (typeof text === 'string') tellSecret(text, `${key} of ${what}`);
    tellSecretsIn(inner, what);
  }
}
