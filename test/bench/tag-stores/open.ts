import { findProgram } from '../../support/programs.ts';
import { RADOSGW_PROGRAMS } from '../../support/radosgw.ts';
import { SWIFT_PROGRAMS } from '../../support/swift.ts';
import type { Field } from '../field.ts';
import { filesystemTags } from './filesystem.ts';
import { s3Tags } from './s3.ts';
import { swiftTags } from './swift.ts';
import type { TagStore } from './tag-store.ts';

/** A kind of store for each driver, in the order in which they are measured. */
export interface TagStoreKind {
  readonly id: 'tags' | 'tags-s3' | 'tags-swift';
  /** What it needs and this machine lacks. */
  missing(): readonly string[];
  open(field: Field): Promise<TagStore>;
}

const lacking = (programs: readonly string[]) =>
  programs.filter((program) => findProgram(program) === undefined);

export const TAG_STORES: readonly TagStoreKind[] = [
  { id: 'tags', missing: () => [], open: async ({ lean }) => filesystemTags(lean) },
  { id: 'tags-s3', missing: () => lacking([...RADOSGW_PROGRAMS, 'redis-server']), open: s3Tags },
  { id: 'tags-swift', missing: () => lacking([...SWIFT_PROGRAMS, 'redis-server']), open: swiftTags },
];
