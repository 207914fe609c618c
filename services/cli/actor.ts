import { userInfo } from 'node:os';

/**
 * The name of the operating system's user that runs this command, for records. Read at load time: commands on a store
 * switch to its owner later (`services/stores/filesystem/as-owner.ts`).
 */
export const ACTOR = nameOfUser();

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'anonymous';
  }
}
