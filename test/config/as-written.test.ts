/** Promise: a secret of digits is the text that the file has, in every place where a secret can be, as Distribution reads it. */
import { expect } from 'chai';
import { CATALOGUE } from '../../services/config/catalogue.ts';
import { inspectConfig } from '../../services/config/load.ts';
import { MINIMAL } from './configs.ts';

const ODD = [
  '1234567890123456789012345678901234567890',
  '00123',
  '1e3',
  '0x1F',
  '1.50',
  '+5',
  '.5',
  'True',
  '0o17',
];

/** The configuration with these lines; throws what is wrong with it. */
function configOf(text: string, environment: Record<string, string> = {}) {
  const { config, problems } = inspectConfig(text, environment);
  if (config === undefined) throw new Error(problems.join('\n'));
  return config;
}

describe('text that YAML reads as a number or a truth value', () => {
  for (const odd of ODD)
    it(`is kept as it was written: ${odd}`, () => {
      const config = configOf(
        [
          'version: 0.1',
          'storage:',
          `  s3: {bucket: b, region: r, accesskey: ${odd}, secretkey: ${odd}}`,
          `http: {addr: "127.0.0.1:5000", secret: ${odd}, oldsecrets: [${odd}, &again ${odd}, *again]}`,
          `redis: {addr: "127.0.0.1:6379", password: ${odd}}`,
          `log: {fields: {a: ${odd}}}`,
        ].join('\n'),
      );
      expect(config.http.secret).to.equal(odd);
      expect(config.http.oldsecrets).to.deep.equal([odd, odd, odd]);
      expect(JSON.stringify(config.storage).split(`"${odd}"`).length - 1, 'both keys').to.equal(2);
      expect(JSON.stringify(config.redis)).to.include(`"password":"${odd}"`);
      expect(config.log.fields).to.deep.equal({ a: odd });
    });

  it('is kept in variables, too', () => {
    for (const odd of ODD)
      expect(configOf(MINIMAL, { REGISTRY_HTTP_SECRET: odd }).http.secret, odd).to.equal(odd);
  });

  it('is a number where a number is asked for', () => {
    expect(configOf(`${MINIMAL}\nlimits: {connections: 1e3}`).limits.connections).to.equal(1000);
  });

  it('is kept by every key whose name is that of a secret', () => {
    const secrets = CATALOGUE.filter(
      ({ key, verdict }) =>
        verdict.kind === 'honoured' && /(?:secret|password|secretkey|accesskey|token)(?:s|\.\*)?$/.test(key),
    );
    expect(secrets.length).to.be.greaterThan(10);
    const isNoSecret = (key: string) => /refreshtokens$|\.addrs\.token$/.test(key);
    expect(
      secrets.filter(({ key, isText }) => !isText && !isNoSecret(key)).map(({ key }) => key),
    ).to.deep.equal([]);
  });

  it('may refer to itself without keeping the check busy', () => {
    const { problems } = inspectConfig(`${MINIMAL}\nlog: &a {fields: *a}`, {});
    expect(problems.length).to.be.greaterThan(0);
  });
});
