import { userInfo } from 'node:os';

/** Asked for at once: commands on a store go on as its owner (`services/stores/filesystem/as-owner.ts`). */
const NAME = nameOfUser();

/** Who runs this command, for records of who did what. */
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
