/** Promise: the limits of pushes are for pushes: what is stored is read whatever it lists. */
import { expect } from 'chai';
import { checkChildren, checkLayers, UNLIMITED } from '../../services/registry/oci/manifest-limits.ts';

describe('the limits of manifests', () => {
  it('leave alone what is stored', () => {
    expect(() => checkChildren(UNLIMITED, 1e6)).not.to.throw();
    expect(() => checkLayers(UNLIMITED, 1e6)).not.to.throw();
    expect(() => checkChildren({ children: 2, layers: 1 }, 3)).to.throw('limits.manifests.children');
    expect(() => checkLayers({ children: 2, layers: 1 }, 2)).to.throw('limits.manifests.layers');
  });
});
