import { type IssuedAccount, isCurrent } from '../../registry/access/issued/account.ts';
import { printJson, printTable } from '../table.ts';

/** Shows accounts whose credentials this registry issued, including revoked ones; no hashes. */
export function showIssued(accounts: readonly IssuedAccount[], json: boolean, none: string): void {
  if (json) {
    const shown = accounts.map(({ secrets, version: _, ...account }) => ({
      ...account,
      secrets: secrets.map(({ sha256: __, ...secret }) => secret),
    }));
    printJson(shown, 2);
    return;
  }
  const now = new Date();
  printTable(
    ['NAME', 'GROUPS', 'CREATED', 'BY', 'SECRETS', 'ENDS', 'DESCRIPTION'],
    accounts.map(({ name, groups, createdAt, createdBy, secrets, revokedAt, description }) => {
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
