import { reachS3, type S3Server } from './s3-server.ts';
import { startSwift } from './swift.ts';

/** As Amazon has it; Swift's own default is a tenth of that. */
const PARTS_MAX = 10_000;

/** A Swift of which only its S3 is used. */
export interface SwiftS3 extends S3Server, AsyncDisposable {}

/** Starts one on loopback, with a state of its own that goes with it. */
export async function startSwiftS3(): Promise<SwiftS3> {
  await using cleanUp = new AsyncDisposableStack();
  const swift = cleanUp.use(await startSwift({ s3: true, maxManifestSegments: PARTS_MAX }));
  const s3 = reachS3(swift.url, { accessKey: swift.user, secretKey: swift.key }, cleanUp);
  const held = cleanUp.move();
  return { ...s3, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
