import type { Credentials } from '../../registry/access/account.ts';

/** Reads `Authorization: Basic …` (RFC 7617, in UTF-8); undefined when it is another scheme or malformed. */
export function basicCredentials(header: string): Credentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const at = text.indexOf(':');
  return at < 0 ? undefined : { username: text.slice(0, at), password: text.slice(at + 1) };
}

/** Whether a header has an empty name and password: podman and skopeo send `Basic Og==` without credentials. */
export function isNobody(header: string): boolean {
  const credentials = basicCredentials(header);
  return credentials?.username === '' && credentials.password === '';
}
