/**
 * Turns names in the order of an object store's listing into names in the order of their bytes.
 *
 * A store lists `<name>/`, so `1.0-a/` comes before `1.0/`, although `1.0` sorts before `1.0-a`: a name comes late
 * exactly when another one continues it with a character below the slash, `-` or `.`. So before each listed name those
 * beginnings of it that end before such a character are asked for (`exists`), and yielded first; when the listing comes
 * to them later they are skipped. A page costs what it lists, and a question for each such beginning, however many names
 * there are. Held to a plain twin by `test/unit/name-order.test.ts`.
 */
export async function* inNameOrder<Name extends string>(
  listed: AsyncIterable<Name>,
  last: string,
  exists: (name: string) => Promise<Name | undefined>,
): AsyncGenerator<Name> {
  let yielded = last;
  let previous = '';
  for await (const name of listed) {
    for (const beginning of beginnings(name)) {
      // What the previous name begins with, too, was asked for then.
      if (beginning <= yielded || isBeginning(beginning, previous)) continue;
      const earlier = await exists(beginning);
      if (earlier === undefined) continue;
      yield earlier;
      yielded = earlier;
    }
    previous = name;
    if (name <= yielded) continue;
    yield name;
    yielded = name;
  }
}

/** The first `limit` names, and whether there are more; takes one more than it returns. */
export async function firstOf<Name>(
  names: AsyncIterable<Name>,
  limit: number,
): Promise<{ first: Name[]; more: boolean }> {
  const first: Name[] = [];
  if (limit === 0) return { first, more: false };
  for await (const name of names) {
    if (first.length === limit) return { first, more: true };
    first.push(name);
  }
  return { first, more: false };
}

/** The proper beginnings of a name that end before a `-` or a `.`, shortest first. */
function* beginnings(name: string): Generator<string> {
  for (let at = 1; at < name.length; at++) if (isBelowSlash(name[at])) yield name.slice(0, at);
}

function isBeginning(beginning: string, name: string): boolean {
  return name.startsWith(beginning) && isBelowSlash(name[beginning.length]);
}

function isBelowSlash(character: string | undefined): boolean {
  return character === '-' || character === '.';
}
