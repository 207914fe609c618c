/** The processes of a registry; each can run alone, any number of times, over shared stores. */
export type Part = 'api' | 'token' | 'release' | 'sync';
