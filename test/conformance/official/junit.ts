/** One test of the official suite. */
export interface OfficialTest {
  readonly name: string;
  readonly status: 'passed' | 'skipped' | 'failure' | 'error';
  /** What it says of a status that is not `passed`. */
  readonly reason: string;
}

const STATUSES = ['passed', 'skipped', 'failure', 'error'] as const;

/** Reads the `junit.xml` that the official suite writes. Throws where a test has no status that it knows. */
export function parseJunit(xml: string): OfficialTest[] {
  const tests = [...xml.matchAll(/<testcase\s([^>]*)>([\s\S]*?)<\/testcase>/g)];
  return tests.map(([, attributes = '', body = '']) => {
    const attribute = (name: string) => unescapeXml(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1]);
    const told = attribute('status');
    const status = STATUSES.find((known) => known === told);
    if (status === undefined) throw new Error(`the official suite says "${told}" of ${attribute('name')}`);
    const reason = /<system-out>([\s\S]*?)<\/system-out>/.exec(body)?.[1];
    return { name: attribute('name'), status, reason: unescapeXml(reason).trim() };
  });
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text = ''): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name: string | undefined) => {
    if (name !== undefined) return ENTITIES[name] ?? all;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
