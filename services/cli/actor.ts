import { userInfo } from 'node:os';

/** Who runs this command, for records of who did what. */
export function actor(): string {
  try {
    return userInfo().username;
  } catch {
    return 'anonymous';
  }
}
