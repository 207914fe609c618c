import { expect } from 'chai';
import { type ErrorKind, RegistryError } from '../../services/registry/oci/errors.ts';

/** What a parser makes of an input: its value, or the kind of the error that it threw, which has to be ours. */
export function outcomeOf<T>(parse: () => T): { value: T } | { kind: ErrorKind } {
  try {
    return { value: parse() };
  } catch (error) {
    expect(error).to.be.instanceOf(RegistryError);
    const { kind, message, detail } = error as RegistryError;
    expect(message).to.be.a('string').that.is.not.empty;
    // What a client wrote is told back shortened: answers and log lines stay small.
    expect(JSON.stringify(detail ?? {}).length).to.be.below(4000);
    return { kind };
  }
}

/** Holds a parser to refuse an input with this kind of error. */
export function expectRefused(kind: ErrorKind, parse: () => unknown): void {
  expect(outcomeOf(parse)).to.deep.equal({ kind });
}
