/**
 * Promise: promtool accepts the shipped configuration and rules, each alert fires and clears in a unit test of promtool, and
 * each has a severity, words and a runbook that exists.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { RULE_FILES, SHIPPED } from './prometheus.ts';
import { alertsOf, rulesOf } from './rule-files.ts';
import { faster, fasterExpression } from './time-lapse.ts';

const RUNBOOKS = 'https://github.com/roadstead/roadstead/blob/main/docs/runbooks.md#';
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const TESTS = join(SHIPPED, 'tests');
const textOf = (name: string) => readFileSync(join(SHIPPED, name), 'utf8');
const alerts = alertsOf(textOf('alerts.yml'));

/** The anchors that GitHub gives to the headings of second order in a document. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replaceAll(' ', '-'),
  );
}

requires(['prometheus', 'promtool'])('promtool', function () {
  this.timeout(180_000);

  it('accepts the configuration and the rules', async () => {
    await using home = await tempDir('promtool');
    for (const name of RULE_FILES) await writeFile(join(home.path, name), textOf(name));
    const files = ['roadstead.token', 'roadstead-ca.pem'];
    let config = textOf('prometheus.yml');
    for (const file of files) {
      expect(config).to.include(`/etc/prometheus/${file}`);
      config = config.replaceAll(`/etc/prometheus/${file}`, join(home.path, file));
      await writeFile(join(home.path, file), '');
    }
    await writeFile(join(home.path, 'prometheus.yml'), config);
    await run('promtool', ['check', 'config', join(home.path, 'prometheus.yml')]);
  });

  it('sees each alert fire and clear', async () => {
    const files = readdirSync(TESTS);
    const { stdout } = await run('promtool', ['test', 'rules', ...files], { cwd: TESTS, timeoutMs: 170_000 });
    expect(stdout.match(/SUCCESS/g)).to.have.lengthOf(files.length);
    const tested = files.flatMap((file) =>
      [...readFileSync(join(TESTS, file), 'utf8').matchAll(/^ {2}- name: (\w+)$/gm)].map(([, name]) => name),
    );
    expect(tested).to.have.members(alerts.map(({ alert }) => alert));
  });

  it('accepts the rules with a faster clock', async () => {
    await using home = await tempDir('promtool');
    for (const name of RULE_FILES) await writeFile(join(home.path, name), faster(textOf(name)));
    await run('promtool', ['check', 'rules', ...RULE_FILES], { cwd: home.path });
  });
});

describe('the alerts', () => {
  for (const { alert, labels = {}, annotations = {} } of alerts)
    it(`${alert} says how urgent it is, what it means and what to do`, async () => {
      expect(alert).to.match(/^Roadstead[A-Z][A-Za-z]+$/);
      expect(labels['severity']).to.be.oneOf(['page', 'ticket']);
      expect(Object.keys(annotations)).to.have.members(['summary', 'description', 'runbook_url']);
      expect(annotations['runbook_url']).to.equal(`${RUNBOOKS}${alert.toLowerCase()}`);
      const runbook = await readFile(join(DOCS, 'runbooks.md'), 'utf8');
      expect(runbook).to.include(`\n## ${alert}\n\n**${labels['severity']}.** `);
    });

  it('have runbooks that lead to no heading that does not exist, and none for an alert that is gone', async () => {
    const runbook = await readFile(join(DOCS, 'runbooks.md'), 'utf8');
    const anchors = anchorsOf(runbook);
    expect(anchors).to.have.members(alerts.map(({ alert }) => alert.toLowerCase()));
    for (const [, anchor] of runbook.matchAll(/\]\(#([\w-]+)\)/g)) expect(anchors).to.include(anchor);
  });

  it('are in the table of docs/monitoring.md', async () => {
    const text = await readFile(join(DOCS, 'monitoring.md'), 'utf8');
    const rows = [...text.matchAll(/^\| \[(\w+)\]\(runbooks\.md#(\w+)\) \| (\w+) \|/gm)];
    expect(rows.map(([, name, anchor, severity]) => `${name} ${anchor} ${severity}`)).to.have.members(
      alerts.map(({ alert, labels }) => `${alert} ${alert.toLowerCase()} ${labels?.['severity']}`),
    );
  });
});

describe('the faster clock', () => {
  it('shortens every duration, and changes nothing else', () => {
    expect(fasterExpression('rate(a{b="5m"}[5m]) > 0.5 and c offset 1h < 14 * 86400')).to.equal(
      'rate(a{b="5m"}[5000ms]) > 0.5 and c offset 60000ms < 14 * 86400 / 7200',
    );
    expect(fasterExpression('x > 15 * 60')).to.equal('x > 15 * 60 / 60');
    expect(fasterExpression('max_over_time(x[1h:30s])')).to.equal('max_over_time(x[60000ms:500ms])');
  });

  it('leaves no duration of the rules as it was', () => {
    for (const name of RULE_FILES)
      for (const { expr, for: holds } of rulesOf(faster(textOf(name)))) {
        expect(expr).to.not.match(/\[\d+[smhd]\]/);
        if (holds !== undefined) expect(holds).to.match(/^\d+ms$/);
      }
  });
});
