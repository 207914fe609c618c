import { userInfo } from 'node:os';

/** Read at load time: commands on a store switch to its owner later (`services/stores/filesystem/as-owner.ts`). */
const NAME = nameOfUser();

/** The name of the operating system's user that runs this command, for records. */
export function actor(): string {
  return NAME;
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'anonymous';
  }
}
