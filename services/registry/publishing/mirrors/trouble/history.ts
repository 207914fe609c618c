/** What a client recently met, as {@link locate} needs it. Mirrors are given by name. */
export interface ClientHistory {
  /** How often the client recently asked for this blob before. */
  readonly attempt: number;
  /** Mirrors that failed the client, or may have. */
  readonly excluded: ReadonlySet<string>;
  /** Mirrors that the client may use, but after those that it has not tried. */
  readonly tried: ReadonlySet<string>;
  /** The node's own answers for this client and blob are used up: excluded mirrors are used again, in turn. */
  readonly isOriginSpent: boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** The history of a client that met no trouble. */
export const UNTROUBLED: ClientHistory = {
  ...{ attempt: 0, excluded: NONE, tried: NONE, isOriginSpent: false },
};
