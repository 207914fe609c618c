import type { Answer } from './client.ts';

/** The specification's list ("Error Codes"). */
const CODES = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
  // "Legacy Docker support error codes": clients may meet them.
  'TAG_INVALID',
  'MANIFEST_UNVERIFIED',
];
const WARNING_MAX_BYTES = 4096;

/** What is wrong with an answer in itself; a code that is not in the list is told as `code NAME`. */
export function complaintsAbout(answer: Answer): string[] {
  return [...warnings(answer), ...failures(answer)];
}

/** "Warnings": 299, agent `-`, no date; at most 4096 bytes in all. */
function warnings(answer: Answer): string[] {
  const lines = answer.all('warning');
  const malformed = lines.filter((line) => !/^299 - "(?:[^"\\]|\\.)*"$/.test(line));
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
  return [
    ...malformed.map((line) => `warning ${line}`),
    ...(bytes > WARNING_MAX_BYTES ? [`warning of ${bytes} bytes`] : []),
  ];
}

/** "Error Codes": a failure's body, if it is JSON, has one form. */
function failures({ status, body, get }: Answer): string[] {
  if (status < 400 || status > 499 || body.length === 0) return [];
  if (!get('content-type')?.startsWith('application/json')) return [];
  let errors: unknown;
  try {
    ({ errors } = JSON.parse(body.toString('utf8')) as { errors?: unknown });
  } catch {
    return [`shape ${body.toString('utf8', 0, 100)}`];
  }
  if (!Array.isArray(errors) || errors.length === 0) return [`shape ${body.toString('utf8', 0, 100)}`];
  return errors.flatMap(({ code, message }: { code?: unknown; message?: unknown }) => {
    if (typeof code !== 'string' || !/^[A-Z_]+$/.test(code)) return [`shape of code ${code}`];
    if (message !== undefined && typeof message !== 'string') return [`shape of message ${message}`];
    return CODES.includes(code) ? [] : [`code ${code}`];
  });
}
