/** What somebody logged in with: a name and a password, or the refresh token that `docker login` kept instead. */
export type Login =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'refresh-token'; readonly username: string; readonly refreshToken: string };
