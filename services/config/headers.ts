import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { addProblem, honoured } from './key.ts';
import { Text } from './values.ts';

const Values = z.array(Text, 'expected a list of values, such as [nosniff]').min(1);

/** HTTP headers as Distribution writes them: a name, and a list of its values; `text` says what they are for. */
export function Headers(refused: Readonly<Record<string, string>>, text: string) {
  return z
    .record(z.string(), honoured(Values, text, { example: ['nosniff'] }))
    .superRefine((headers, context) => {
      const seen = new Set<string>();
      for (const [name, values] of Object.entries(headers)) {
        const message = problemOf(name, values, seen, refused);
        seen.add(name.toLowerCase());
        if (message !== undefined) addProblem(context, [name], message);
      }
    });
}

function problemOf(
  name: string,
  values: readonly string[],
  seen: ReadonlySet<string>,
  refused: Readonly<Record<string, string>>,
): string | undefined {
  if (!isValid(() => validateHeaderName(name)))
    return 'expected a name of an HTTP header, such as X-Frame-Options';
  if (!values.every((value) => isValid(() => validateHeaderValue(name, value))))
    return 'expected values without line breaks or other control characters';
  if (seen.has(name.toLowerCase())) return 'expected each header once: it is also there in other letters';
  const reason = refused[name.toLowerCase()];
  return reason === undefined ? undefined : `${reason}: remove it`;
}

function isValid(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

const because = (reason: string, names: string): Readonly<Record<string, string>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, reason]));

/** Headers of one connection and of framing (RFC 9110, 7.6.1; RFC 9112, 6): only the server may set them. */
export const FRAMING = because(
  'it would break the connection, which the server alone manages',
  'connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade',
);

/** Headers of answers that the registry itself sets: configured values would never be seen, or break clients. */
export const OF_ANSWERS: typeof FRAMING = {
  ...FRAMING,
  ...because(
    'the registry sets it itself, to match the answer',
    'accept-ranges cache-control content-encoding content-range content-type date etag link location docker-content-digest ' +
      'docker-distribution-api-version docker-upload-uuid oci-subject oci-filters-applied range retry-after ' +
      'www-authenticate x-request-id',
  ),
};
