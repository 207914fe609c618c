/** The processes of a registry; each can run alone, any number of times, over shared stores. */
export const PARTS = ['api', 'token', 'release', 'sync'] as const;
export type Part = (typeof PARTS)[number];
