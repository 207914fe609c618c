import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { sha256 } from '../support/digest.ts';
import { type Answer, Client } from './client.ts';
import { keptBytes } from './uploads.ts';

export const REPOSITORY = 'candidate/app';
export const UPLOADS = `/v2/${REPOSITORY}/blobs/uploads/`;
export const OCTETS = { 'content-type': 'application/octet-stream' } as const;

/** The code of the first error that an answer names. */
export function codeOf({ body }: Answer): string | undefined {
  return (JSON.parse(body.toString()) as { errors: { code: string }[] }).errors[0]?.code;
}

/** Does the steps of an upload one by one, so that a test can do one of them badly. */
export class UploadClient extends Client {
  async begin(): Promise<string> {
    return (await this.expect(202, 'POST', UPLOADS)).header('location') ?? '';
  }

  patch(upload: string, body: Buffer, range?: string): Promise<Answer> {
    const headers = { ...OCTETS, ...(range !== undefined && { 'content-range': range }) };
    return this.call('PATCH', upload, { headers, body });
  }

  /** Sends a layer in so many PATCHes. */
  async append(upload: string, layer: Buffer, patches: number): Promise<void> {
    const step = Math.ceil(layer.length / Math.max(1, patches));
    for (let i = 0; i < patches; i++)
      expect((await this.patch(upload, layer.subarray(i * step, (i + 1) * step))).status).to.equal(202);
  }

  close(upload: string, digest: string, body: Buffer = Buffer.alloc(0)): Promise<Answer> {
    return this.call('PUT', `${upload}?digest=${digest}`, { headers: OCTETS, body });
  }

  async shows(digest: string): Promise<boolean> {
    const asked = await this.expect([200, 404], 'HEAD', `/v2/${REPOSITORY}/blobs/${digest}`);
    return asked.status === 200;
  }

  /** How many bytes an upload kept. The registry notices that a client has gone a moment later. */
  async kept(upload: string): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const bytes = keptBytes((await this.expect(204, 'GET', upload)).header('range'));
      if (bytes > 0 || attempt === 40) return bytes;
      await sleep(25);
    }
  }

  /** Sends what the registry does not have yet of a layer, closes the upload, and pulls the layer. */
  async resume(upload: string, layer: Buffer, from: number): Promise<void> {
    const rest = await this.patch(upload, layer.subarray(from), `${from}-${layer.length - 1}`);
    expect(rest.status).to.equal(202);
    expect((await this.close(upload, sha256(layer))).status).to.equal(201);
    await this.expectPullable(layer);
  }

  async expectPullable(layer: Buffer): Promise<void> {
    const pulled = await this.expect(200, 'GET', `/v2/${REPOSITORY}/blobs/${sha256(layer)}`);
    expect(sha256(pulled.body)).to.equal(sha256(layer));
  }
}
