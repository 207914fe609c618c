/**
 * Promise: the OpenAPI document tells the truth. It lists the endpoints that exist and no others, and what each
 * answers, also when it refuses, fits the shape that the document gives.
 */
import { expect } from 'chai';
import { z } from 'zod';
import { ENDPOINTS } from '../../services/release/endpoints.ts';
import { pushImage } from '../protocol/pushing.ts';
import { expectError, jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import type { Image } from '../support/image.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { postPromotion, promote } from './promoting.ts';

interface Shaped {
  readonly content: Record<string, { schema: z.core.JSONSchema.JSONSchema }>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: { name: string; in: string; required: boolean }[];
  readonly requestBody?: Shaped;
  readonly responses: Record<string, Shaped>;
}

/** What the document says a body has to be, as something to check bodies with; without a word of it, nothing fits. */
function shapeOf(shaped: Shaped | undefined, type = 'application/json'): z.ZodType {
  return z.fromJSONSchema(shaped?.content[type]?.schema ?? false);
}

describe('the OpenAPI document', () => {
  const cleanUp = new AsyncDisposableStack();
  let registry: TestRegistry;
  let image: Image;
  let paths: Record<string, Record<string, Operation>>;
  before(async () => {
    const directory = cleanUp.use(await tempDir('mirror'));
    const port = await freePort();
    const mirror = {
      ...{ name: 'near', url: `http://127.0.0.1:${port}`, sameoperator: true, serve: `127.0.0.1:${port}` },
      write: { directory: directory.path },
    };
    registry = cleanUp.use(await startRegistry({ mirrors: [mirror] }));
    image = await pushImage(registry.url, 'candidate/hello', '1', [newBytes(100_000)]);
    for (const tag of ['1', '2', '1']) await promote(registry.url, 'candidate/hello:1', `hello:${tag}`);
    const answer = await send(registry.url, '/api/v1/openapi.json');
    paths = (jsonOf(answer) as { paths: typeof paths }).paths;
  });
  after(() => cleanUp.disposeAsync());

  const operation = (method: string, path: string): Operation => {
    const found = paths[path]?.[method.toLowerCase()];
    if (found === undefined) throw new Error(`the document has no ${method} ${path}`);
    return found;
  };

  it('is OpenAPI 3.1 with the version of the release', async () => {
    const document = jsonOf(await send(registry.url, '/api/v1/openapi.json')) as Record<string, unknown>;
    const status = jsonOf(await send(registry.url, '/api/v1/status')) as { version: string };
    expect(document['openapi']).to.equal('3.1.0');
    expect(document['info']).to.deep.include({ version: status.version });
  });

  it('lists exactly the endpoints that exist', () => {
    const listed = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(listed).to.have.members(ENDPOINTS.map(({ method, path }) => `${method} ${path}`));
    const ids = Object.values(paths).flatMap((operations) =>
      Object.values(operations).map((each) => each.operationId),
    );
    expect(new Set(ids).size, 'operation ids are unique').to.equal(listed.length);
  });

  it('names every parameter of every path, and which are required', () => {
    for (const { method, path, query = {} } of ENDPOINTS) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
      }));
      const inQuery = Object.entries(query).map(([name, { required }]) => ({ name, in: 'query', required }));
      const told = operation(method, path).parameters.map(({ name, in: place, required }) => ({
        ...{ name, in: place, required },
      }));
      expect(told, path).to.deep.equal([...inPath, ...inQuery]);
    }
  });

  const requests: [path: string, what: string, target: () => string][] = [
    ['/api/v1/publications', 'the newest entries', () => '/api/v1/publications'],
    ['/api/v1/publications', 'a page', () => '/api/v1/publications?limit=1&before=2'],
    ['/api/v1/publications', 'no entries', () => '/api/v1/publications?limit=0'],
    ['/api/v1/publications/{seq}', 'an entry', () => '/api/v1/publications/1'],
    ['/api/v1/mirrors', 'a mirror', () => '/api/v1/mirrors'],
    ['/api/v1/status', 'all', () => '/api/v1/status'],
    ['/api/v1/explain', 'a layer', () => explain(image.layers[0]?.digest ?? '', '192.0.2.7')],
    ['/api/v1/explain', 'a small blob', () => explain(image.config.digest)],
    ['/api/v1/explain', 'no blob', () => explain(`sha256:${'0'.repeat(64)}`)],
    ['/api/v1/openapi.json', 'itself', () => '/api/v1/openapi.json'],
  ];
  const explain = (digest: string, client?: string) =>
    `/api/v1/explain?repository=hello&digest=${digest}${client === undefined ? '' : `&client=${client}`}`;

  for (const [path, what, target] of requests)
    it(`gives the shape of what GET ${path} answers for ${what}`, async () => {
      const answer = await send(registry.url, target());
      expect(answer.status, answer.body.toString()).to.equal(200);
      expect(answer.headers['content-type']).to.match(/^application\/json/);
      const json = jsonOf(answer);
      ENDPOINTS.find((endpoint) => endpoint.path === path)?.response?.parse(json);
      shapeOf(operation('GET', path).responses['200']).parse(json);
    });

  it('has no GET that is not tried here', () => {
    const tried = new Set(requests.map(([path]) => path));
    const gets = ENDPOINTS.filter(({ method }) => method === 'GET').map(({ path }) => path);
    expect([...tried]).to.have.members(gets);
  });

  it('gives the shape of every line of a promotion, and of what may be asked', async () => {
    const { requestBody, responses } = operation('POST', '/api/v1/promotions');
    const asked = { source: 'candidate/hello:1', target: 'hello:3', waitMirrors: 1, actor: 'a test' };
    shapeOf(requestBody).parse(asked);
    const { lines } = await promote(registry.url, asked.source, asked.target, asked);
    const line = shapeOf(responses['200'], 'application/x-ndjson');
    expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    for (const each of lines) line.parse(each);
  });

  const refused: [target: string, status: number, code: string][] = [
    ['/api/v1/publications?before=x', 400, 'PARAMETER_INVALID'],
    ['/api/v1/publications?limit=-1', 400, 'PARAMETER_INVALID'],
    ['/api/v1/publications?limit=1&limit=2', 400, 'PARAMETER_INVALID'],
    ['/api/v1/publications/0', 404, 'PUBLICATION_UNKNOWN'],
    ['/api/v1/publications/999999', 404, 'PUBLICATION_UNKNOWN'],
    ['/api/v1/publications/first', 400, 'PARAMETER_INVALID'],
    ['/api/v1/explain', 400, 'PARAMETER_INVALID'],
    ['/api/v1/explain?repository=hello', 400, 'PARAMETER_INVALID'],
    ['/api/v1/explain?repository=hello&digest=x', 400, 'DIGEST_INVALID'],
    [`/api/v1/explain?repository=A&digest=sha256:${'0'.repeat(64)}`, 400, 'NAME_INVALID'],
    [`/api/v1/explain?repository=a&digest=sha256:${'0'.repeat(64)}&client=here`, 400, 'PARAMETER_INVALID'],
    ['/api/v1/', 404, 'UNSUPPORTED'],
    ['/api/v2/status', 404, 'UNSUPPORTED'],
  ];
  for (const [target, status, code] of refused)
    it(`gives the shape of how ${target} is refused with ${status}`, async () => {
      const answer = await send(registry.url, target);
      expectError(answer, status, code);
      shapeOf(operation('GET', '/api/v1/explain').responses['default']).parse(jsonOf(answer));
    });

  it('says that a promotion takes no members that it does not know, and it does not', async () => {
    const known = { source: 'candidate/hello:1', target: 'hello:4' };
    const body = { ...known, force: true };
    const { requestBody } = operation('POST', '/api/v1/promotions');
    expect(shapeOf(requestBody).safeParse(known).success).to.equal(true);
    expect(shapeOf(requestBody).safeParse(body).success).to.equal(false);
    const { message } = expectError(await postPromotion(registry.url, body), 400, 'PARAMETER_INVALID');
    expect(message).to.include('force');
  });

  it('has no state-changing endpoint that a browser could be led to call unasked', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
      for (const { path } of ENDPOINTS.filter(({ method }) => method !== 'GET')) {
        const headers = type === '' ? {} : { 'content-type': type };
        const body = Buffer.from('{"source":"candidate/hello:1","target":"hello:5"}');
        expectError(await send(registry.url, path, { method: 'POST', headers, body }), 415, 'UNSUPPORTED');
      }
  });
});
