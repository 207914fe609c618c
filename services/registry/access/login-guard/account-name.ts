/**
 * The name under which guesses at an account are counted over all clients. Sources of accounts accept several spellings
 * of a name (`alice`, `Alice`, `%61lice`, `project/alice` and `alice@Default` in Keystone; on MySQL also `alicé` and
 * `alice ` with a blank), which must share a counter. Two accounts that share one by accident only share the budget of
 * strangers.
 */
export function countedName(account: string): string {
  const [name = ''] = account.split('/').slice(-1);
  const [user = ''] = name.split('@');
  return (decoded(user || name) ?? name)
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .trim()
    .toLowerCase();
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
