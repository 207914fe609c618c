/** The titles of a file's tests and suites; what is filled in as they are made is `…` in them. */
export function titlesOf(text: string): Set<string> {
  const literal = String.raw`('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\x60(?:[^\x60\\]|\\.)*\x60)`;
  const calls = new RegExp(String.raw`\b(?:it|describe|requires\([^)]*\))\(\s*${literal}`, 'g');
  const titles = [...text.matchAll(calls)].map(([, quoted = '']) => quoted.slice(1, -1));
  return new Set(titles.map((title) => title.replaceAll(/\$\{[^}]*\}/g, '…').replaceAll(/\\(.)/g, '$1')));
}
