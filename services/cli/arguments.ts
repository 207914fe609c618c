import { InvalidArgumentError } from 'commander';

/** Where the configuration is looked for when a command names no file; Distribution's variable is heeded. */
export const DEFAULT_CONFIG = process.env['REGISTRY_CONFIGURATION_PATH'] || '/etc/roadstead/config.yml';

/** Parses a whole number on the command line. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}
