import type { SwiftOptions } from './swift.ts';

/** Tiny partitions' worth of cluster: Swift's own hash salts may be anything, since nothing outlives the test. */
export const swiftConfig = () => `[swift-hash]
swift_hash_path_suffix = testsuffix
swift_hash_path_prefix = testprefix
[storage-policy:0]
name = Policy-0
default = yes
`;

const common = (home: string, port: number) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = root
swift_dir = ${home}
devices = ${home}/srv
mount_check = false
disable_fallocate = true
log_udp_host = 127.0.0.1
log_udp_port = 9
log_level = WARNING
`;

/** The configuration of a storage server. */
export const serverConfig = (kind: 'account' | 'container' | 'object', port: number, home: string) =>
  `${common(home, port)}
[pipeline:main]
pipeline = healthcheck ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
[filter:healthcheck]
use = egg:swift#healthcheck
`;

/** The configuration of the proxy, which is where all of Swift's features are. */
export function proxyConfig(
  home: string,
  port: number,
  memcachedPort: number,
  { tokenLifeSeconds = 86_400, maxManifestSegments = 1000, keystone, s3 = false, without = [] }: SwiftOptions,
): string {
  const auth = keystone ? ['authtoken', 'keystoneauth'] : ['tempauth'];
  const pipeline = [
    ...['catch_errors', 'gatekeeper', 'healthcheck', 'cache', 'listing_formats', 'bulk', 'tempurl'],
    // S3 requests sign what the one who knows the password has to check.
    ...(s3 ? ['s3api'] : []),
    ...auth,
    ...['copy', 'container-quotas', 'slo', 'dlo', 'proxy-server'],
  ].filter((part) => !without.includes(part));
  return `${common(home, port)}
[pipeline:main]
pipeline = ${pipeline.join(' ')}
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
token_life = ${tokenLifeSeconds}
user_test_tester = testing .admin
user_test_stranger = strange
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = ${maxManifestSegments}
max_parts_listing = ${maxManifestSegments}
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = ${keystone?.url ?? ''}
auth_url = ${keystone?.url ?? ''}
auth_type = password
user_domain_id = default
project_domain_id = default
project_name = service
username = swift
password = ${keystone?.servicePassword ?? ''}
delay_auth_decision = true
cache = swift.cache
interface = public
include_service_catalog = False
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, swiftoperator
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${memcachedPort}
memcache_max_connections = 64
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:tempurl]
use = egg:swift#tempurl
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:slo]
use = egg:swift#slo
max_manifest_segments = ${maxManifestSegments}
[filter:dlo]
use = egg:swift#dlo
`;
}

/** One device, one replica, sixteen partitions for each kind; one process instead of nine swift-ring-builder runs. */
export const WRITE_RINGS = `
import os, sys
from swift.common.ring import RingBuilder
home = sys.argv[1]
for kind, port in zip(('account', 'container', 'object'), sys.argv[2:]):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': int(port), 'replication_ip': '127.0.0.1',
                     'replication_port': int(port), 'device': 'd1', 'weight': 1.0, 'meta': ''})
    builder.rebalance()
    builder.get_ring().save(os.path.join(home, kind + '.ring.gz'))
`;

/** Swift's own programs read swift.conf from /etc/swift only; this one takes it from where its configuration is. */
export const SWIFT_RUN = `
import os, sys
import swift.common.utils as utils
kind, conf = sys.argv[1:]
utils.set_swift_dir(os.path.dirname(conf))
from swift.common.wsgi import run_wsgi
extra = {}
if kind == 'object':
    from swift.obj import server
    extra['global_conf_callback'] = server.global_conf_callback
sys.exit(run_wsgi(conf, kind + '-server', verbose=True, **extra))
`;

/** Writes names into a container's listing, by the code of the container server. */
export const ENLIST = `
import glob, json, sys
import swift.common.utils as utils
home, container, names = sys.argv[1:]
utils.set_swift_dir(home)
from swift.container.backend import ContainerBroker
now = utils.Timestamp.now().internal
item = {'created_at': now, 'size': 71, 'content_type': 'application/octet-stream', 'etag': '0' * 32, 'deleted': 0,
        'storage_policy_index': 0, 'ctype_timestamp': None, 'meta_timestamp': None}
found = 0
for path in glob.glob(home + '/srv/d1/containers/*/*/*/*.db'):
    broker = ContainerBroker(path)
    if broker.get_info()['container'] != container:
        continue
    found += 1
    items = [dict(item, name=name) for name in json.load(open(names))]
    for at in range(0, len(items), 10000):
        broker.merge_items(items[at:at + 10000])
sys.exit(0 if found == 1 else 'there is no container ' + container)
`;
