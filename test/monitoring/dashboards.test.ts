/** Promise: Grafana can load the dashboards: their form, their grid, their variables. That queries return data is held by alerts.test.ts. */
import { expect } from 'chai';
import { queriesOf, readDashboards } from './dashboards.ts';

/** Of Grafana's, those that fit what is measured here. */
const UNITS = new Set(['none', 'reqps', 'ops', 's', 'bytes', 'Bps', 'percentunit']);
const COLUMNS = 24;

describe('the dashboards', () => {
  const dashboards = readDashboards();

  it('are one for each part of the operation', () => {
    const parts = ['overview', 'pulls', 'mirrors', 'releases', 'storage', 'processes'];
    expect(dashboards.map(({ uid }) => uid)).to.have.members(parts.map((part) => `roadstead-${part}`));
    for (const { file, uid, tags } of dashboards) {
      expect(file).to.equal(`${uid}.json`);
      expect(tags).to.include('roadstead');
    }
  });

  for (const dashboard of dashboards) {
    describe(dashboard.title, () => {
      it('lets the operator choose the data source and the instances', () => {
        const names = dashboard.templating.list.map(({ name, type }) => `${name}: ${type}`);
        expect(names).to.deep.equal(['datasource: datasource', 'instance: query']);
      });

      it('has panels with ids and titles of their own, and units', () => {
        for (const key of ['id', 'title'] as const)
          expect(new Set(dashboard.panels.map((panel) => panel[key]))).to.have.lengthOf(
            dashboard.panels.length,
          );
        for (const { title, fieldConfig } of dashboard.panels)
          expect(UNITS.has(fieldConfig.defaults.unit), title).to.equal(true);
      });

      it('has panels that fit the grid, and do not overlap', () => {
        const taken = new Set<string>();
        for (const { title, gridPos } of dashboard.panels) {
          expect(gridPos.x + gridPos.w, title).to.be.at.most(COLUMNS);
          for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
            for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
              expect(taken.has(`${x} ${y}`), `${title} overlaps another`).to.equal(false);
              taken.add(`${x} ${y}`);
            }
        }
      });

      it('uses no variable that does not exist', () => {
        for (const { panel, expression } of queriesOf(dashboard, '5m'))
          expect(expression, panel).to.not.include('$');
      });
    });
  }
});
