import { ConfigError } from '../config/config-error.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import { StoreFullError, StoreUnavailableError } from '../registry/storage/object-store.ts';
import { ReleaseError } from './release-error.ts';
import { printError } from './table.ts';

/** Errors that the person at the terminal can fix. */
const FOR_PEOPLE = [OperatorError, RegistryError, ReleaseError, StoreUnavailableError, StoreFullError];

/** Prints the message of an error that a person can fix; a fault of ours keeps its stack. */
export function printFailure(error: unknown): void {
  if (!isForPeople(error)) printError(...linesOf(error instanceof Error ? error.stack : String(error)));
  // A configuration's problems are a line each; other messages may quote what others wrote.
  else if (error instanceof ConfigError) printError(...linesOf(error.message));
  else printError(error.message, ...detailsOf(error));
}

function linesOf(text = ''): string[] {
  return text.split('\n');
}

function isForPeople(error: unknown): error is Error {
  return FOR_PEOPLE.some((kind) => error instanceof kind);
}

/** The details that a release service adds to its message, such as missing blobs; one line each. */
function detailsOf(error: Error): string[] {
  const { detail } = error as Partial<ReleaseError>;
  if (typeof detail !== 'object' || detail === null) return [];
  return Object.entries(detail).flatMap(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return error.message.includes(text) ? [] : [`  ${name}: ${text}`];
  });
}
