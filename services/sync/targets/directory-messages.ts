/** What the process that writes to a mirror's directory is asked. Paths are absolute. */
export type Request =
  | { readonly kind: 'begin'; readonly id: number; readonly path: string; readonly temporary: string }
  | { readonly kind: 'chunk'; readonly id: number; readonly bytes: Buffer }
  | { readonly kind: 'commit'; readonly id: number; readonly root: string }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'size'; readonly id: number; readonly path: string }
  | { readonly kind: 'digest'; readonly id: number; readonly path: string };

/** What it found. */
export interface Found {
  readonly sizeBytes?: number;
  readonly sha256?: string;
}

/** Its answers. `moved` says that a request goes on; each request ends with one of the others. */
export type Answer =
  | ({ readonly kind: 'done'; readonly id: number } & Found)
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly message: string;
      readonly code?: string | undefined;
    }
  | { readonly kind: 'moved'; readonly id: number };
