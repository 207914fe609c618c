/** A request to the process that works on a mirror's directory. Paths are relative to it. */
export type Request =
  /** `stem`: of the temporary names of this file, and of no other. */
  | { readonly kind: 'begin'; readonly id: number; readonly path: string; readonly stem: string }
  | { readonly kind: 'chunk'; readonly id: number; readonly bytes: Buffer }
  | { readonly kind: 'commit'; readonly id: number }
  | { readonly kind: 'abort'; readonly id: number }
  /** Removes temporary files that were last written to before this time, unless they are being written. */
  | { readonly kind: 'sweep'; readonly id: number; readonly olderThanMs: number };

/** Its answers. `moved` reports progress of a request; each request ends with one of the others. */
export type Answer =
  | { readonly kind: 'done'; readonly id: number }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly message: string;
      readonly code?: string | undefined;
    }
  | { readonly kind: 'moved'; readonly id: number };
