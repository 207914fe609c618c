import { createServer, type Server } from 'node:http';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';
import { freePort } from './ports.ts';

/** Somebody with an account at the provider: their `sub` is the key. */
export type Claims = Readonly<Record<string, unknown>>;

export interface OidcProviderOptions {
  /** Accounts by the name that is typed into the provider's form; any password will do there. */
  readonly people: Readonly<Record<string, Claims>>;
  /** Where it may send browsers back to. */
  readonly redirectUris: readonly string[];
  readonly port?: number;
  /** How the client proves who it is. @default client_secret_basic */
  readonly clientAuth?: 'client_secret_basic' | 'client_secret_post' | 'none';
  /** The last word on an answer of the token endpoint: for what no honest provider says. */
  readonly tamper?: (answer: Record<string, unknown>, keys: GenerateKeyPairResult) => Promise<void>;
  readonly config?: Partial<Configuration>;
}

export const CLIENT_ID = 'roadstead';
export const CLIENT_SECRET = 'the secret of this registry at the provider';

/** A real OpenID provider on loopback, with its own forms to log in and to consent. */
export interface OidcProvider extends AsyncDisposable {
  readonly issuer: string;
  /** The paths that it was asked for, in order. */
  readonly asked: readonly string[];
  /** The key that it signs ID tokens with. */
  readonly keys: GenerateKeyPairResult;
  stop(): Promise<void>;
  /** Starts it again on the same port; it has forgotten everyone's logins but not its keys. */
  start(): Promise<void>;
}

/** The key's name in its key set. */
export const KEY_ID = 'signing';

export async function startOidcProvider(options: OidcProviderOptions): Promise<OidcProvider> {
  const { people, redirectUris, clientAuth = 'client_secret_basic', tamper } = options;
  const port = options.port ?? (await freePort());
  const issuer = `http://127.0.0.1:${port}`;
  const keys = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(keys.privateKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' };
  const asked: string[] = [];
  let server: Server | undefined;

  const start = async () => {
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: CLIENT_ID,
          ...(clientAuth !== 'none' && { client_secret: CLIENT_SECRET }),
          redirect_uris: [...redirectUris],
          token_endpoint_auth_method: clientAuth,
        },
      ],
      jwks: { keys: [jwk] },
      cookies: { keys: ['of tests'] },
      claims: {
        openid: ['sub'],
        profile: ['preferred_username', 'name'],
        email: ['email', 'email_verified'],
        groups: ['groups'],
      },
      pkce: { required: () => true },
      findAccount: (_, accountId) => {
        const claims = people[accountId];
        return claims && { accountId, claims: async () => ({ sub: accountId, ...claims }) };
      },
      ...options.config,
    });
    provider.use(async (ctx, next) => {
      asked.push(ctx.path);
      await next();
      const { body } = ctx;
      if (tamper && ctx.path === '/token' && typeof body === 'object' && body !== null && 'id_token' in body)
        await tamper(body as Record<string, unknown>, keys);
    });
    const listening = createServer(provider.callback());
    server = listening;
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    listening.unref();
  };
  const stop = async () => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined) return;
    const closed = new Promise((resolve) => stopping.close(resolve));
    stopping.closeAllConnections();
    await closed;
  };
  await start();
  return { issuer, asked, keys, stop, start, [Symbol.asyncDispose]: stop };
}
