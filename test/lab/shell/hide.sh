#!/bin/bash
# hide.sh MACHINES: makes the layer that keeps from all hosts what is this machine's own: users' files, services,
# state of clusters. A character device 0:0 hides what the layers below have at that path.
set -euo pipefail
mkdir -p "$1/hidden"
cd "$1/hidden"
for path in root home work srv media mnt opt/cni etc/{fstab,ssh,machine-id,sudoers.d,cron.d,profile.d,init.d} etc/systemd/system \
  etc/rc{0,1,2,3,4,5,6,S}.d etc/{monit,kubernetes,cni,containerd,etcd.env} etc/default/{etcd,kubelet} etc/ssl/etcd var/vcap var/log \
  var/lib/{containerd,docker,kubelet,etcd,cni,systemd,postgresql,private}; do
  mkdir -m 755 -p "$(dirname "$path")"
  mknod "$path" c 0 0
done
