/** Repositories and doubts of which a process remembers something; a forgotten one costs requests or time. */
export const REMEMBERED = { maxSize: 10_000, sizeCalculation: () => 1 };
