/** A call that does things at the same time, perhaps as many as a list has. */
export interface ParallelCall {
  /** The beginning of the call, in one line. */
  readonly text: string;
}

const CALL = /\b(?:Promise\.(?:all|allSettled|any|race)|pMap|forEachSettled)\(/g;
/** Of a list that is a constant of the module. */
const OF_CONSTANT = /^[A-Z][A-Z_]+\.map\(/;
/** Of a list that is written there. */
const OF_FEW = /^\[[\w\s,]+\]\.map\(/;
const TEXT_MAX_CHARACTERS = 70;

/**
 * The calls of a module whose number of things at once is not seen from the call: not a list that is written there item
 * by item, not one of a constant, and without a `concurrency`.
 */
export function unboundedCalls(source: string): ParallelCall[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(CALL)].flatMap((call) => {
    const given = argumentsAt(code, call.index + call[0].length);
    if (call[0].startsWith('Promise.') ? isWrittenOut(given) : /\bconcurrency\b|\bCONCURRENCY\b/.test(given))
      return [];
    const text = (call[0] + given).replaceAll(/\s+/g, ' ');
    return [{ text: text.slice(0, TEXT_MAX_CHARACTERS) }];
  });
}

function isWrittenOut(given: string): boolean {
  const text = given.trim();
  if (OF_CONSTANT.test(text) || OF_FEW.test(text)) return true;
  return text.startsWith('[') && !/\.\.\.|\.map\(|\.flatMap\(/.test(text);
}

/** The text from here to the parenthesis that ends the call. */
function argumentsAt(code: string, begin: number): string {
  let depth = 1;
  for (let at = begin; at < code.length; at++) {
    if (code[at] === '(') depth++;
    else if (code[at] === ')' && --depth === 0) return code.slice(begin, at);
  }
  return code.slice(begin);
}
