import { once } from 'node:events';
import { type Daemon, startDaemon } from './process.ts';
import { tempDir } from './temp.ts';

/** What Chromium is told to log in with when a server asks for a name and a password. */
export interface BasicLogin {
  readonly username: string;
  readonly password: string;
}

/** A tab of a real browser. */
export interface Tab {
  /** Goes to a URL and waits until it is loaded; answers a prompt for a password if one is given. */
  open(url: string, login?: BasicLogin): Promise<void>;
  /** The value of an expression, awaited, in the page that is shown. */
  evaluate(expression: string): Promise<unknown>;
}

/** A real Chromium without a window, with a profile of its own. */
export interface Chromium extends AsyncDisposable {
  newTab(): Promise<Tab>;
}

type Parameters = Readonly<Record<string, unknown>>;

/** A message of the Chrome DevTools Protocol. */
interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Parameters;
  readonly result?: Parameters;
  readonly error?: { readonly message: string };
}

const ENDPOINT = /DevTools listening on (ws:\/\/\S+)/;
const ANSWER_WITHIN_MS = 20_000;

/** Starts Chromium, which is driven by its DevTools Protocol, as its users' tests do. */
export async function startChromium(): Promise<Chromium> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('chromium'));
  const args = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-dev-shm-usage',
  ];
  const daemon: Daemon = cleanUp.use(
    await startDaemon(
      'chromium',
      [...args, '--remote-debugging-port=0', `--user-data-dir=${home.path}`, 'about:blank'],
      {
        ready: (output) => ENDPOINT.test(output),
        timeoutMs: 40_000,
        env: { HOME: home.path },
      },
    ),
  );
  const url = ENDPOINT.exec(daemon.output(1000))?.[1] ?? '';
  const protocol = cleanUp.use(await Protocol.connect(url));
  const held = cleanUp.move();
  return {
    async newTab() {
      const { targetId } = await protocol.ask('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await protocol.ask('Target.attachToTarget', { targetId, flatten: true });
      await protocol.ask('Page.enable', {}, String(sessionId));
      return tabOf(protocol, String(sessionId));
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function tabOf(protocol: Protocol, session: string): Tab {
  const ask = (method: string, params: Parameters = {}) => protocol.ask(method, params, session);
  return {
    async open(url, login) {
      if (login) await ask('Fetch.enable', { handleAuthRequests: true });
      const stop = protocol.listen(session, ({ method, params: { requestId } = {} }) => {
        if (method === 'Fetch.requestPaused') void ask('Fetch.continueRequest', { requestId });
        if (method !== 'Fetch.authRequired') return;
        const authChallengeResponse = { response: 'ProvideCredentials', ...login };
        void ask('Fetch.continueWithAuth', { requestId, authChallengeResponse });
      });
      const loaded = protocol.next(session, 'Page.loadEventFired');
      const { errorText } = await ask('Page.navigate', { url });
      if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
      await loaded;
      stop();
      if (login) await ask('Fetch.disable');
    },
    async evaluate(expression) {
      const options = { awaitPromise: true, returnByValue: true, userGesture: true };
      const { result, exceptionDetails } = await ask('Runtime.evaluate', { expression, ...options });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: unknown }).value;
    },
  };
}

/** The protocol's requests, answers and events, over one WebSocket. */
class Protocol implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(message: Message) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
      else for (const listener of this.#listeners) listener(message);
    });
  }

  static async connect(url: string): Promise<Protocol> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Protocol(socket);
  }

  async ask(method: string, params: Parameters = {}, sessionId?: string): Promise<Parameters> {
    const id = ++this.#asked;
    const answered = within(method, (resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result = {}, error } = await answered.finally(() => this.#waiting.delete(id));
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Calls back for each event of a tab; the result ends that. */
  listen(sessionId: string, heard: (message: Message) => void): () => void {
    const listener = (message: Message) => {
      if (message.sessionId === sessionId) heard(message);
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async next(sessionId: string, method: string): Promise<void> {
    let stop = () => undefined as unknown;
    await within(method, (resolve) => {
      stop = this.listen(sessionId, (message) => message.method === method && resolve(message));
    }).finally(() => stop());
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

function within(what: string, start: (resolve: (message: Message) => void) => void): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const timer = setTimeout(
    () => reject(new Error(`Chromium: no ${what} within ${ANSWER_WITHIN_MS} ms`)),
    ANSWER_WITHIN_MS,
  );
  start(resolve);
  return promise.finally(() => clearTimeout(timer));
}
