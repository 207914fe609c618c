import { startSwift } from '../../support/swift.ts';
import { startOver } from './start-over.ts';
import { linkKey, type TagStore } from './tag-store.ts';

const CONTAINER = 'images';

/** A registry over a container in Swift, both started for it. */
export async function swiftTags(): Promise<TagStore> {
  await using cleanUp = new AsyncDisposableStack();
  const swift = cleanUp.use(await startSwift());
  const { authUrl: authurl, user: username, key: password } = swift;
  const reached = { authurl, authversion: 1, username, password, container: CONTAINER };
  const server = cleanUp.use(await startOver({ swift: reached }));
  const held = cleanUp.move();
  return {
    title: 'Swift',
    server,
    makeTags: (repository, tags) =>
      swift.enlist(
        CONTAINER,
        tags.map((tag) => `files/${linkKey(repository, tag)}`),
      ),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
