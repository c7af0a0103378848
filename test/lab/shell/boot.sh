#!/bin/bash
# boot.sh SLOT HOST ADDRESS SUBNET: switches one host on and becomes its pid 1. Runs in the keeper's mount namespace.
# The host's disk is machines/HOST/disk (an overlay over this machine's own root), its other directories below
# machines/HOST/mounts (var-lib-x stands for /var/lib/x) are bound over it: an overlay cannot hold the upper directory of
# another, which is what containerd needs.
# Everything that a power cut loses (processes, network namespace, /run, /tmp) is made anew here.
set -euo pipefail

# --- outside: network, cgroups, namespaces ----------------------------------------------------------------------
if [ "$1" != inside ]; then
  slot=$1 host=$2 address=$3 subnet=$4 machines=$5
  namespace=q$slot-$host port=q$slot-$host
  if [ -e "/run/netns/$namespace" ]; then ip netns del "$namespace"; fi
  ip link del "$port" 2>/dev/null || true
  ip netns add "$namespace"
  ip link add "$port" type veth peer name eth0 netns "$namespace"
  ip link set "$port" master "qlab$slot" up
  ip -n "$namespace" link set lo up
  ip -n "$namespace" addr add "$address/24" dev eth0
  ip -n "$namespace" link set eth0 up
  ip -n "$namespace" route add default via "$subnet.1"

  # Read in one go: it changes while we move.
  own=$(cat /proc/self/cgroup)
  while IFS=: read -r _ controller path; do
    mounted=/sys/fs/cgroup/${controller#name=}
    if [ -z "$controller" ] || [ ! -d "$mounted" ]; then continue; fi
    group=$mounted${path%/}/quorate-lab-$slot-$host
    mkdir -p "$group"
    if [ "$controller" = cpuset ]; then
      cat "${group%/*}/cpuset.cpus" >"$group/cpuset.cpus"
      cat "${group%/*}/cpuset.mems" >"$group/cpuset.mems"
    fi
    echo $$ >"$group/cgroup.procs"
  done <<<"$own"
  # Not `ip netns exec`: it remounts /sys, which hides the cgroup mounts.
  exec nsenter --net="/run/netns/$namespace" \
    unshare --mount --uts --ipc --pid --cgroup --fork --kill-child=KILL bash "$0" inside "$host" "$machines"
fi

# --- inside: the host's own file system --------------------------------------------------------------------------
host=$2 machines=$3
hostname "$host"
disk=$machines/$host/disk root=$machines/$host/root
mkdir -p "$root" "$machines/$host/work"
mount -t overlay overlay -o "lowerdir=$machines/layer:$machines/hidden:/,upperdir=$disk,workdir=$machines/$host/work" "$root"
for held in "$machines/$host/mounts"/*; do
  [ -d "$held" ] || continue
  name=${held##*/}
  target=$root/${name//-//}
  mkdir -p "$target"
  mount --bind "$held" "$target"
done

mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir -m 755 "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue" "$root/dev/net"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<<"$node"
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done
mknod -m 644 "$root/dev/fuse" c 10 229
# The kernel's log is the machine's. The kubelet wants to open the file, and finds it empty.
ln -s null "$root/dev/kmsg"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 cgroups "$root/sys/fs/cgroup"
# Read in one go: its length changes with every cgroup that is made meanwhile.
controllers=$(cat /proc/cgroups)
while read -r controller hierarchy _; do
  if [ "${controller:0:1}" = "#" ] || [ "$hierarchy" = 0 ]; then continue; fi
  mkdir "$root/sys/fs/cgroup/$controller"
  mount -t cgroup -o "$controller" cgroup "$root/sys/fs/cgroup/$controller"
done <<<"$controllers"
mkdir "$root/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"

# Kernel settings are the machine's too: only the host's own network may be changed. The kubelet insists on a few
# others; it finds the values that it wants in plain files.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,rw "$root/proc/sys/net"
mkdir "$root/run/kernel-settings"
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  "kernel/random/boot_id=$(cat /proc/sys/kernel/random/uuid)" \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$root/run/kernel-settings/${setting//[\/=]/-}
  echo "${setting#*=}" >"$file"
  mount --bind "$file" "$root/proc/sys/${setting%=*}"
done
if [ -e "$root/proc/sysrq-trigger" ]; then mount --bind /dev/null "$root/proc/sysrq-trigger"; fi

mkdir "$root/run/old-root"
cd "$root"
pivot_root . run/old-root
umount --lazy /run/old-root
rmdir /run/old-root
mount --make-rshared /
# Only the v1 hierarchies are the host's own, so its systemd must not mount the machine's v2 hierarchy beside them; it
# takes its own arguments for the kernel's command line.
legacy='systemd.unified_cgroup_hierarchy=no systemd.legacy_systemd_cgroup_controller=yes'
# Without these the host could set the machine's clock or load a module; `container` tells systemd as much.
exec setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio \
  env -i container=lxc PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --log-target=journal --show-status=no $legacy
