import { LimitError } from './limit-error.ts';
import type { ManifestLimits } from './manifest-limits.ts';
import { invalid } from './manifest-schema.ts';

/** Manifests are about five levels deep; `annotations` and unknown members may be deeper. */
const DEPTH_MAX = 64;
/** For all that a manifest says of itself, and for each descriptor that it may have, with annotations of its own. */
const [CONTAINERS, CONTAINERS_EACH] = [10_000, 10];
const [VALUES, VALUES_EACH] = [20_000, 30];

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [BEGIN_OBJECT, END_OBJECT, BEGIN_LIST, END_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Members that clients look for; those in Go ignore the case of letters (`encoding/json`). */
const KNOWN = new Map(
  'schemaVersion mediaType artifactType config layers manifests subject annotations digest size urls data platform'
    .split(' ')
    .map((name) => [fold(name), name]),
);

/** An object or list that has begun. */
interface Container {
  /** Of an object; undefined for a list. */
  readonly names: Set<string> | undefined;
  /** Whether its members may have any name. */
  readonly isFree: boolean;
  isNameNext: boolean;
  name: string;
}

/**
 * Checks the JSON of a manifest before it is parsed, in one pass and in bounded memory. Refuses (MANIFEST_INVALID) what
 * would take far more memory than its bytes, and what two readers may read differently: a name that occurs twice in an
 * object, of which some readers take the first and some the last, or one that differs from a known name only in case.
 * Invalid JSON is left to the parser.
 */
export function checkShape(bytes: Buffer, { children, layers }: ManifestLimits): void {
  const most = Math.max(children, layers);
  const [containersMax, valuesMax] = [CONTAINERS + most * CONTAINERS_EACH, VALUES + most * VALUES_EACH];
  const open: Container[] = [];
  let [containers, values] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    const top = open.at(-1);
    switch (byte) {
      case QUOTE: {
        const end = endOfString(bytes, at);
        if (top?.names && top.isNameNext) {
          takeName(top, top.names, bytes.subarray(at, end + 1));
        }
        at = end;
        break;
      }
      case BEGIN_OBJECT:
      case BEGIN_LIST:
        if (++containers > containersMax)
          throw tooMuch(`more than ${containersMax} objects and lists`, OPERATOR_CAN_RAISE);
        if (open.length >= DEPTH_MAX) throw tooMuch(`more than ${DEPTH_MAX} levels`);
        open.push({
          names: byte === BEGIN_OBJECT ? new Set() : undefined,
          isFree:
            top !== undefined && (top.isFree || (top.names !== undefined && top.name === 'annotations')),
          isNameNext: byte === BEGIN_OBJECT,
          name: '',
        });
        break;
      case END_OBJECT:
      case END_LIST:
        open.pop();
        break;
      case COLON:
        if (top) top.isNameNext = false;
        break;
      case COMMA:
        if (++values > valuesMax)
          throw tooMuch(`more than ${valuesMax} members and entries of lists`, OPERATOR_CAN_RAISE);
        if (top) top.isNameNext = top.names !== undefined;
        break;
      default:
    }
  }
}

function takeName(container: Container, names: Set<string>, quoted: Buffer): void {
  const name = nameOf(quoted);
  if (names.has(name)) throw invalid(`${JSON.stringify(name)} occurs twice in one object`);
  names.add(name);
  container.name = name;
  if (container.isFree) return;
  const known = KNOWN.get(fold(name));
  if (known !== undefined && known !== name)
    throw invalid(
      `some clients would read ${JSON.stringify(name)} as ${known}: write ${known}, or use another name`,
    );
}

const OPERATOR_CAN_RAISE =
  ': this registry takes more where limits.manifests.children or limits.manifests.layers is larger';

function tooMuch(what: string, remedy = ''): LimitError {
  return new LimitError('manifest_shape', 'MANIFEST_INVALID', `the manifest has ${what}${remedy}`);
}

/** The index of the quote that ends a string; the end of the bytes if it is missing. */
function endOfString(bytes: Buffer, begin: number): number {
  for (let at = begin + 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at;
  }
  return bytes.length;
}

/** A name without its quotes and escapes; unchanged if it is not JSON. */
function nameOf(quoted: Buffer): string {
  const text = quoted.toString('utf8');
  if (!quoted.includes(BACKSLASH)) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** As Go folds letters: U+212A and U+017F count as the letters that they look like. */
function fold(name: string): string {
  return name.toLowerCase().toUpperCase();
}
