import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { type About, addProblem, honoured } from './key.ts';
import { Text } from './values.ts';

const Values = z.array(Text, 'expected a list of values, such as [nosniff]').min(1);

/** Why headers with these names, in small letters, are refused or ignored. */
type Reasons = Readonly<Record<string, string>>;

/**
 * HTTP headers as Distribution writes them: a name, and a list of its values; `text` says what they are for. Ignored ones
 * are left out, and the start warns.
 */
export function Headers(refused: Reasons, text: string, ignored: Reasons = {}) {
  const decide: About['decide'] = (_value, _siblings, _verdict, name) => {
    const reason = reasonFor(name, ignored);
    if (reason === undefined) return undefined;
    return { kind: 'no effect', text: reason, warning: `no effect: ${reason}: remove it` };
  };
  return z
    .record(z.string(), honoured(Values, text, { example: ['nosniff'], decide }))
    .superRefine((headers, context) => {
      const seen = new Set<string>();
      for (const [name, values] of Object.entries(headers)) {
        const message = problemOf(name, values, seen, refused);
        seen.add(name.toLowerCase());
        if (message !== undefined) addProblem(context, [name], message);
      }
    })
    .transform(
      (headers): Readonly<Record<string, string[]>> =>
        Object.fromEntries(
          Object.entries(headers).filter(([name]) => reasonFor(name, ignored) === undefined),
        ),
    );
}

function problemOf(
  name: string,
  values: readonly string[],
  seen: ReadonlySet<string>,
  refused: Reasons,
): string | undefined {
  if (!isValid(() => validateHeaderName(name)))
    return 'expected a name of an HTTP header, such as X-Frame-Options';
  if (!values.every((value) => isValid(() => validateHeaderValue(name, value))))
    return 'expected values without line breaks or other control characters';
  if (seen.has(name.toLowerCase())) return 'expected each header once: it is also there in other letters';
  const reason = reasonFor(name, refused);
  return reason === undefined ? undefined : `${reason}: remove it`;
}

function reasonFor(name: string, reasons: Reasons): string | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(reasons, key) ? reasons[key] : undefined;
}

function isValid(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

const because = (reason: string, names: string): Reasons =>
  Object.fromEntries(names.split(' ').map((name) => [name, reason]));

/** Headers of one connection and of framing (RFC 9110, 7.6.1; RFC 9112, 6): only the server may set them. */
export const FRAMING = because(
  'it would break the connection, which the server alone manages',
  'connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade',
);

const SET_HERE = 'the registry sets it itself, to match the answer';

/** Headers of answers that the registry itself sets: configured values would never be seen, or break clients. */
export const OF_ANSWERS: Reasons = {
  ...FRAMING,
  ...because(
    SET_HERE,
    'accept-ranges content-encoding content-range content-type date etag link location docker-content-digest ' +
      'docker-distribution-api-version docker-upload-uuid oci-subject oci-filters-applied range retry-after ' +
      'www-authenticate x-request-id',
  ),
};

/** Another such header, which configurations of Distribution often have. */
export const CACHING: Reasons = because(SET_HERE, 'cache-control');
