import { identity, onRegistry, onRepository } from '../http/access/required-access.ts';
import type { Route } from '../http/routes.ts';
import { routesOf } from '../http/service-routes.ts';
import { deleteBlob, deleteManifest } from './delete.ts';
import { listCatalog } from './discovery/catalog.ts';
import { listReferrers } from './discovery/referrers.ts';
import { listTags } from './discovery/tags.ts';
import { frontPage } from './front-page.ts';
import type { ApiNode } from './node.ts';
import { ping, pingWithSlash } from './ping.ts';
import { getBlob } from './pull/blob.ts';
import { getManifest } from './pull/manifest.ts';
import { getOrigin } from './pull/origin.ts';
import { putManifest } from './push/manifest.ts';
import { appendToUpload, beginUpload, cancelUpload, commitUpload, getUpload } from './push/uploads.ts';

/** Every endpoint of the API node: the OCI distribution specification's, and the origin path for mirrors that bounce. */
export function apiRoutes(node: ApiNode): Route[] {
  const manifest = '/v2/*name/manifests/:reference';
  const blob = '/v2/*name/blobs/:digest';
  const uploads = '/v2/*name/blobs/uploads/';
  const upload = '/v2/*name/blobs/uploads/:id';
  const referrers = '/v2/*name/referrers/:digest';
  const origin = '/origin/docker/registry/v2/blobs/:algorithm/:prefix/:hex/data';
  const [pull, push, remove] = [onRepository('pull'), onRepository('push'), onRepository('delete')];
  const catalog = onRegistry('catalog');
  return routesOf(node, [
    { method: 'GET', path: '/v2/', name: 'ping', requiredAccess: identity, handle: ping },

    // The most frequent first: routes are tried in this order.
    { method: 'GET', path: blob, name: 'blob', requiredAccess: pull, handle: getBlob },

    { method: 'GET', path: manifest, name: 'manifest', requiredAccess: pull, handle: getManifest },
    { method: 'PUT', path: manifest, name: 'manifest', requiredAccess: push, handle: putManifest },
    { method: 'DELETE', path: manifest, name: 'manifest', requiredAccess: remove, handle: deleteManifest },

    { method: 'POST', path: uploads, name: 'upload', requiredAccess: push, handle: beginUpload },
    { method: 'GET', path: upload, name: 'upload', requiredAccess: push, handle: getUpload },
    { method: 'PATCH', path: upload, name: 'upload', requiredAccess: push, handle: appendToUpload },
    { method: 'PUT', path: upload, name: 'upload', requiredAccess: push, handle: commitUpload },
    { method: 'DELETE', path: upload, name: 'upload', requiredAccess: push, handle: cancelUpload },

    { method: 'DELETE', path: blob, name: 'blob', requiredAccess: remove, handle: deleteBlob },

    { method: 'GET', path: '/v2/*name/tags/list', name: 'tags', requiredAccess: pull, handle: listTags },
    { method: 'GET', path: referrers, name: 'referrers', requiredAccess: pull, handle: listReferrers },
    { method: 'GET', path: '/v2/_catalog', name: 'catalog', requiredAccess: catalog, handle: listCatalog },

    { method: 'GET', path: '/', name: 'front-page', handle: frontPage },
    { method: 'GET', path: '/v2', name: 'ping', handle: pingWithSlash },
    { method: 'GET', path: origin, name: 'origin', handle: getOrigin },
  ]);
}
