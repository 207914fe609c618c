/**
 * Boots systemd as the first process of new namespaces. Arguments: the root directory, the directory of the machine's own
 * layer, its name, its cgroup, and a file that exists once its network is ready.
 */
export const BOOT = `set -e
root=$1 own=$2 name=$3 cgroup=$4 ready=$5
mount --make-rprivate /
mkdir -p "$own/upper" "$own/work" "$own/merged"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$own/upper,workdir=$own/work" "$own/merged"
new=$own/merged
mount -t proc proc "$new/proc"
mount -t sysfs -o ro sysfs "$new/sys"
mount -t tmpfs -o mode=755 tmpfs "$new/sys/fs/cgroup"
if [ -d /sys/fs/cgroup/systemd ]; then
  mkdir "$new/sys/fs/cgroup/systemd" "$new/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd cgroup "$new/sys/fs/cgroup/systemd"
  mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup/unified"
else
  umount "$new/sys/fs/cgroup"
  mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"
fi
mount -t tmpfs -o mode=755 tmpfs "$new/run"
mount -t tmpfs -o mode=1777 tmpfs "$new/tmp"
mount -t tmpfs -o mode=755 tmpfs "$new/dev"
for each in null zero full random urandom tty; do
  touch "$new/dev/$each"
  mount --bind "/dev/$each" "$new/dev/$each"
done
mkdir "$new/dev/pts" "$new/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$new/dev/pts"
mount -t tmpfs tmpfs "$new/dev/shm"
ln -s pts/ptmx "$new/dev/ptmx"
ln -s /proc/self/fd "$new/dev/fd"
ln -s /proc/self/fd/0 "$new/dev/stdin"
ln -s /proc/self/fd/1 "$new/dev/stdout"
ln -s /proc/self/fd/2 "$new/dev/stderr"
hostname "$name"
ip link set lo up
while [ ! -e "$ready" ]; do sleep 0.05; done
cd "$new"
mkdir -p .old
pivot_root . .old
umount --lazy /.old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal --show-status=0
`;

/**
 * Enters the machine's own cgroup, then its namespaces, which end with the process that made them, however that ends.
 * Arguments: the cgroup, {@link BOOT}, and its arguments.
 */
export const ENTER = `set -e
cgroup=$1 boot=$2
shift 2
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e "$hierarchy/cgroup.procs" ] || continue
  mkdir -p "$hierarchy/$cgroup"
  echo $$ > "$hierarchy/$cgroup/cgroup.procs"
done
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=SIGKILL --uts --ipc --net --cgroup bash -c "$boot" boot "$@"
`;

/** Removes the cgroups of a machine that is ending, once its last process has gone. Argument: the cgroup. */
export const REMOVE_CGROUPS = `for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  for attempt in $(seq 100); do
    [ -d "$hierarchy/$1" ] || break
    find "$hierarchy/$1" -depth -type d -exec rmdir {} ';' 2> /dev/null || sleep 0.05
    sleep 0.02
  done
done
exit 0
`;
