import { type ErrorKind, RegistryError } from './errors.ts';

/** What one request may have too much of. A label of a metric: the list is fixed. */
export type Limit =
  | 'deleted_tags'
  | 'image_blobs'
  | 'image_manifests'
  | 'manifest_bytes'
  | 'manifest_children'
  | 'manifest_layers'
  | 'manifest_shape'
  | 'manifest_urls'
  | 'pushed_tags'
  | 'read_tags'
  | 'upload_segments';

/** A request that was refused because it asks for more than a limit allows; the log and a metric name the limit. */
export class LimitError extends RegistryError {
  readonly limit: Limit;

  constructor(
    limit: Limit,
    kind: ErrorKind,
    message: string,
    detail?: Readonly<Record<string, unknown>>,
    cause?: unknown,
  ) {
    super(kind, message, detail, cause);
    this.limit = limit;
  }
}
