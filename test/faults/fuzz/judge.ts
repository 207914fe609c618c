import { type Answer, headerOf } from './answers.ts';
import type { Case } from './case.ts';

/** The specification's codes, and those of ours and Distribution's for what it has none for. */
const CODES = new Set([
  ...[
    'BLOB_UNKNOWN',
    'BLOB_UPLOAD_INVALID',
    'BLOB_UPLOAD_UNKNOWN',
    'DIGEST_INVALID',
    'MANIFEST_BLOB_UNKNOWN',
  ],
  ...['MANIFEST_INVALID', 'MANIFEST_UNKNOWN', 'NAME_INVALID', 'NAME_UNKNOWN', 'SIZE_INVALID', 'UNAUTHORIZED'],
  ...['DENIED', 'UNSUPPORTED', 'TOOMANYREQUESTS'],
  ...['PAGINATION_NUMBER_INVALID', 'PARAMETER_INVALID', 'PRECONDITION_FAILED', 'PUBLICATION_UNKNOWN'],
  ...['RANGE_INVALID', 'TAG_INVALID'],
]);
/** What a client wrote is told back shortened, or a small request could buy a large answer. */
const BODY_MAX_BYTES = 8 * 1024;
const RAW_ANSWERS = [400, 408, 413, 417, 431];

/** Throws unless the answer is one that the case may have. */
export function judge(of: Case, answer: Answer): void {
  const { status } = answer;
  if (status >= 400 && status < 500) {
    judgeRefusal(of, answer);
    return;
  }
  if (of.outcome === 'read' && [200, 206, 304].includes(status)) return;
  if (of.outcome === 'begun' && status === 202) return;
  throw new Error(`was answered with ${status}: ${answer.body.toString('utf8', 0, 500)}`);
}

function judgeRefusal(of: Case, answer: Answer): void {
  const { status, body } = answer;
  if (of.method === 'HEAD') return;
  if (body.length > BODY_MAX_BYTES)
    throw new Error(`was refused with ${status} at a length of ${body.length} bytes`);
  const type = headerOf(answer, 'content-type');
  if (type === undefined && (body.length === 0 || status === 417)) {
    // RFC 9110 has 416 say the size in a header; and what is no HTTP the parser answers by itself.
    if (status === 416 && headerOf(answer, 'content-range')?.startsWith('bytes */')) return;
    if (of.outcome === 'doubtful' || of.outcome === 'unfinished') if (RAW_ANSWERS.includes(status)) return;
  }
  if (type !== 'application/json') throw new Error(`was refused with ${status} in ${type}`);
  const { errors } = JSON.parse(body.toString('utf8')) as { errors?: unknown };
  const [error, ...more] = Array.isArray(errors) ? (errors as Record<string, unknown>[]) : [];
  const isOfShape =
    error !== undefined &&
    more.length === 0 &&
    typeof error['message'] === 'string' &&
    error['message'] !== '';
  if (!isOfShape || !CODES.has(String(error['code'])))
    throw new Error(`was refused with ${status} in another shape: ${body.toString('utf8', 0, 500)}`);
}
