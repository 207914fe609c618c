/** Promise: the doctor names the fault of a broken mirror, that one alone, and says what to do. */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import type { DoctorOptions } from '../../services/mirrors/doctor/context.ts';
import { examine } from '../../services/mirrors/doctor/doctor.ts';
import type { Finding } from '../../services/mirrors/doctor/finding.ts';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { daysFromNow, makePair, pem } from '../http/certificates.ts';
import { freePort } from '../support/ports.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { BREAKAGES } from './breakages.ts';
import { type Break, BYTES, DIGEST, startBroken, startOrigin, startTcp } from './broken-mirror.ts';
import { checksWith, expectFaults } from './findings.ts';

const EXAMPLE = { digest: DIGEST as Sha256Digest, sizeBytes: BYTES.length, isHeld: true };
const NOTHING: Break = () => false;

/** Examines what listens on a port of loopback. The registry is taken to be there, too, so that the address is fine. */
function examineAt(port: number, options: Partial<DoctorOptions> = {}): Promise<Finding[]> {
  return examine({ url: new URL(`http://127.0.0.1:${port}`), example: EXAMPLE, ...options });
}

/** Resolves one name, as a name server would. */
function resolving(...addresses: string[]): LookupFunction {
  const found: LookupAddress[] = addresses.map((address) => ({
    address,
    family: address.includes(':') ? 6 : 4,
  }));
  return (_, options, callback) =>
    options.all ? callback(null, found) : callback(null, found[0]?.address ?? '', found[0]?.family);
}

function textOf(findings: readonly Finding[], check: string): string {
  return findings.find((finding) => finding.check === check)?.text ?? 'there is no such check';
}

describe('the doctor, of a mirror with', function () {
  this.timeout(30_000);
  const held = new AsyncDisposableStack();
  let originUrl: string;
  before(async () => {
    originUrl = `http://127.0.0.1:${held.use(await startOrigin()).port}`;
  });
  after(() => held.disposeAsync());

  const broken = async (break_: Break) => held.use(await startBroken(break_, { originUrl })).port;

  it('no fault: finds none', async () => {
    const port = await broken(NOTHING);
    const findings = await examineAt(port, { registry: new URL(originUrl) });
    expectFaults(findings, []);
    expect(checksWith(findings, 'warning')).to.deep.equal([]);
  });

  for (const { title, verdict, checks, text, break: break_ } of BREAKAGES)
    it(`${title}: ${checks.join(', ')}`, async () => {
      const findings = await examineAt(await broken(break_));
      const [first = ''] = checks;
      expect(textOf(findings, first)).to.match(text);
      // Only a bounce to a closed port brings about another fault.
      const faults = checksWith(findings, 'fault').filter((check) => check !== 'bounce');
      expect(faults, JSON.stringify(findings, null, 1)).to.deep.equal(verdict === 'fault' ? checks : []);
      if (verdict === 'warning') expect(checksWith(findings, 'warning')).to.include.members([...checks]);
    });

  it('a closed port: connection', async () => {
    const findings = await examineAt(await freePort());
    expectFaults(findings, ['connection']);
    expect(textOf(findings, 'connection')).to.match(/connection refused: nothing listens there/);
    expect(textOf(findings, 'missing')).to.equal('not tried, because of the check answers');
  });

  it('no answer to any request: answers', async () => {
    const { port } = held.use(await startTcp(() => undefined));
    const findings = await examineAt(port);
    expectFaults(findings, ['answers']);
    expect(textOf(findings, 'answers')).to.match(/no answer within 5 s/);
  });

  it('a program that is no web server: answers', async () => {
    const { port } = held.use(await startTcp((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')));
    const findings = await examineAt(port);
    expectFaults(findings, ['answers']);
    expect(textOf(findings, 'answers')).to.match(/the answer is no HTTP/);
  });

  it('an origin that is gone: bounce', async () => {
    const gone = `http://127.0.0.1:${await freePort()}`;
    const { port } = held.use(await startBroken(NOTHING, { originUrl: gone }));
    const findings = await examineAt(port);
    expectFaults(findings, ['bounce']);
    expect(textOf(findings, 'bounce')).to.match(/connection refused/);
  });

  for (const [status, text] of [
    [401, /answers 401 at its origin path: it asks for credentials/],
    [200, /answers 200 at its origin path for a blob that does not exist/],
    [502, /answers 502/],
    [404, /answers 404 for a published blob/],
  ] as const)
    it(`an origin that answers everything with ${status}: bounce`, async () => {
      const origin = held.use(await startOrigin(status));
      const mirror = await startBroken(NOTHING, { originUrl: `http://127.0.0.1:${origin.port}` });
      const findings = await examineAt(held.use(mirror).port);
      expectFaults(findings, ['bounce']);
      expect(textOf(findings, 'bounce')).to.match(text);
    });

  it('another registry behind its bounce: warns', async () => {
    const registry = new URL('http://127.0.0.1:9');
    const findings = await examineAt(await broken(NOTHING), { registry });
    expect(checksWith(findings, 'warning')).to.include('bounce');
    expect(textOf(findings, 'bounce')).to.include('the registry is 127.0.0.1:9');
  });

  it('plain HTTP for an https registry: scheme', async () => {
    const findings = await examineAt(await broken(NOTHING), {
      registry: new URL(originUrl.replace('http', 'https')),
    });
    expectFaults(findings, ['scheme']);
    expect(textOf(findings, 'scheme')).to.match(/regctl and programs on .NET refuse.*certificate/);
  });

  it('an address on loopback where the registry has a name: warns', async () => {
    const findings = await examineAt(await broken(NOTHING), {
      registry: new URL('http://registry.example.org'),
    });
    expect(checksWith(findings, 'warning')).to.include('address');
    expect(textOf(findings, 'address')).to.match(/crane 0\.22 .* refuse a redirect there/);
  });

  it('no blob yet: leaves out what needs one', async () => {
    const port = await broken(NOTHING);
    const digest = `sha256:${'1'.repeat(64)}` as Sha256Digest;
    const findings = await examineAt(port, { example: { digest, sizeBytes: 5, isHeld: false } });
    expect(textOf(findings, 'held')).to.match(/does not hold the example yet/);
    expect(checksWith(findings, 'skipped')).to.include.members(['held', 'bytes', 'range', 'many-ranges']);
  });
});

describe('the doctor, of a name with', function () {
  this.timeout(30_000);
  const held = new AsyncDisposableStack();
  let port: number;
  before(async () => {
    const origin = held.use(await startOrigin());
    const mirror = await startBroken(NOTHING, { originUrl: `http://127.0.0.1:${origin.port}` });
    port = held.use(mirror).port;
  });
  after(() => held.disposeAsync());

  const named = (name: string, ...addresses: string[]) =>
    examine({ url: new URL(`http://${name}:${port}`), example: EXAMPLE, lookup: resolving(...addresses) });

  it('addresses of its own site: finds no fault, and no IPv6', async () => {
    const findings = await named('mirror.internal', '127.0.0.1');
    expectFaults(findings, []);
    expect(textOf(findings, 'ipv6')).to.match(/no IPv6 address: .*Add an AAAA record/);
  });

  it('an address that is every client itself: names', async () => {
    const findings = await named('mirror.example.org', '127.0.0.1');
    expectFaults(findings, ['names']);
    expect(textOf(findings, 'names')).to.match(/127\.0\.0\.1, which leads every client to its own machine/);
  });

  it('a private address in the public DNS: warns', async () => {
    const findings = await named('mirror.example.org', '10.255.255.1');
    expect(checksWith(findings, 'warning')).to.include('names');
    expect(textOf(findings, 'names')).to.match(/10\.255\.255\.1, a private address under a public name/);
  });

  it('an IPv6 address where nothing listens: warns', async () => {
    const findings = await named('mirror.internal', '127.0.0.1', '::1');
    const found = findings.find(({ check }) => check === 'ipv6');
    // A machine without IPv6 cannot know.
    expect(found?.verdict).to.be.oneOf(['warning', 'skipped']);
    expect(found?.text).to.match(
      /::1 (?:port \d+: connection refused.*remove the AAAA record|was not tried)/,
    );
    expectFaults(findings, []);
  });

  it('no address at all: names', async () => {
    const findings = await examine({ url: new URL('http://mirror.invalid') });
    expectFaults(findings, ['names']);
  });
});

requires(['openssl'])('the doctor, of a certificate that', function () {
  this.timeout(30_000);
  const held = new AsyncDisposableStack();
  let home: string;
  let originUrl: string;
  before(async () => {
    home = held.use(await tempDir('doctor')).path;
    originUrl = `http://127.0.0.1:${held.use(await startOrigin()).port}`;
  });
  after(() => held.disposeAsync());

  async function findingsOf(
    name: string,
    {
      to,
      isTrusted = true,
      url = 'https://localhost',
    }: { to?: Date; isTrusted?: boolean; url?: string } = {},
  ): Promise<Finding[]> {
    const authority = await makePair(home, { name: `${name}-ca`, to: daysFromNow(100) });
    const request = { name, by: authority, from: daysFromNow(-10), ...(to && { to }), isAuthority: false };
    const { certificate, key } = await makePair(home, request);
    const tls = { cert: await pem(certificate), key: await pem(key) };
    const { port } = held.use(await startBroken(NOTHING, { originUrl, tls }));
    const rootCas = isTrusted ? [await pem(authority.certificate)] : [];
    const lookup = resolving('127.0.0.1');
    return examine({ url: new URL(`${url}:${port}`), example: EXAMPLE, rootCas, lookup });
  }

  it('is sound, from an authority that is named: finds no fault', async () => {
    const findings = await findingsOf('sound', { to: daysFromNow(60) });
    expectFaults(findings, []);
    expect(textOf(findings, 'tls')).to.match(/trusted, for (59|60) more days/);
  });

  it('ends soon: warns', async () => {
    const findings = await findingsOf('soon', { to: daysFromNow(6.5) });
    expectFaults(findings, []);
    expect(checksWith(findings, 'warning')).to.include('tls');
    expect(textOf(findings, 'tls')).to.match(/ends in 6 days/);
  });

  for (const [title, options, text] of [
    ['has expired', { to: daysFromNow(-1) }, /CERT_HAS_EXPIRED\): it has expired/],
    ['is from an unknown authority', { isTrusted: false }, /UNABLE_TO_VERIFY_LEAF_SIGNATURE\): .*--rootcas/],
    ['is for another name', { url: 'https://mirror.internal' }, /ALTNAME_INVALID\): it is for another name/],
  ] as const)
    it(`${title}: tls`, async () => {
      const findings = await findingsOf(title.replaceAll(' ', '-'), options);
      expectFaults(findings, ['tls']);
      expect(textOf(findings, 'tls')).to.match(text);
    });

  it('does not exist, as the port speaks plain HTTP: tls', async () => {
    const { port } = held.use(await startBroken(NOTHING, { originUrl }));
    const findings = await examine({ url: new URL(`https://127.0.0.1:${port}`), example: EXAMPLE });
    expectFaults(findings, ['tls']);
    expect(textOf(findings, 'tls')).to.match(/no TLS handshake/);
  });
});
