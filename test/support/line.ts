import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How bad a {@link Line} is. */
export interface LineFaults {
  /** Each piece comes so much later, in both directions. */
  readonly latencyMs?: number;
  /** Each connection is reset after so many bytes of the server's: in the midst of an answer, sooner or later. */
  readonly resetAfterBytes?: number;
}

/** A TCP line to a server on loopback that can be made bad at any time; for what speaks no HTTP. */
export interface Line extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** How bad it is from now on, for connections that stand as well; nothing unless set. */
  faults: LineFaults;
  /** How many connections were reset. */
  readonly resets: number;
}

/** Opens a line to a server. */
export async function openLine(port: number): Promise<Line> {
  const ends = new Set<Socket>();
  const line = { faults: {} as LineFaults, resets: 0 };

  const pipe = async (from: Socket, to: Socket, carried: (bytes: number) => boolean) => {
    for await (const piece of from as AsyncIterable<Buffer>) {
      const { latencyMs = 0 } = line.faults;
      if (latencyMs > 0) await sleep(latencyMs);
      if (!carried(piece.length)) {
        line.resets++;
        // What the other end gets is part of an answer, and then nothing more.
        to.write(piece.subarray(0, Math.floor(piece.length / 2)));
        await sleep(1);
        to.resetAndDestroy();
        from.destroy();
        return;
      }
      to.write(piece);
    }
    to.end();
  };

  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
    let bytesBack = 0;
    for (const end of [client, upstream]) {
      end.setNoDelay(true);
      ends.add(end);
      end.once('close', () => ends.delete(end));
      // A broken connection is what its other end is to notice.
      end.on('error', () => undefined);
    }
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
    pipe(client, upstream, () => true).catch(() => undefined);
    pipe(upstream, client, (bytes) => {
      bytesBack += bytes;
      return bytesBack < (line.faults.resetAfterBytes ?? Number.POSITIVE_INFINITY);
    }).catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(line, {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const end of ends) end.destroy();
      await once(server, 'close');
    },
  });
}
