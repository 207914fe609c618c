import { type DamagedAccount, type IssuedAccount, isCurrent } from '../../registry/access/issued/account.ts';
import { printJson, printTable } from '../table.ts';

const DAMAGED = 'damaged: cannot be read, and nobody logs in by it; revoke it';

/** Shows accounts whose credentials this registry issued, including revoked and damaged ones; no hashes. */
export function showIssued(
  accounts: readonly (IssuedAccount | DamagedAccount)[],
  json: boolean,
  none: string,
): void {
  if (json) {
    const shown = accounts.map((account) => {
      if ('isDamaged' in account) return { name: account.name, damaged: true };
      const { secrets, version: _, ...rest } = account;
      return { ...rest, secrets: secrets.map(({ sha256: __, ...secret }) => secret) };
    });
    printJson(shown, 2);
    return;
  }
  const now = new Date();
  printTable(
    ['NAME', 'GROUPS', 'CREATED', 'BY', 'SECRETS', 'ENDS', 'DESCRIPTION'],
    accounts.map((account) => {
      if ('isDamaged' in account) return [account.name, '-', '-', '-', '-', DAMAGED, ''];
      const { name, groups, createdAt, createdBy, secrets, revokedAt, description } = account;
      const current = secrets.filter((secret) => isCurrent(secret, now));
      return [
        ...[name, groups.join(',') || '-', createdAt, createdBy, String(current.length)],
        revokedAt
          ? `revoked ${revokedAt}`
          : (current.at(-1)?.expiresAt ?? (current.length > 0 ? 'never' : 'ended')),
        description ?? '',
      ];
    }),
    none,
  );
}
