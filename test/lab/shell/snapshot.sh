#!/bin/bash
# snapshot.sh SLOT MACHINES HOST...: copies the disks of all hosts as of one instant, with everything in them stopped.
# Left out: what containers and their runtime keep, which a host makes anew from its images at the next start.
set -euo pipefail
slot=$1 machines=$2
shift 2

freezers() { local host; for host in "$@"; do find /sys/fs/cgroup/freezer -type d -name "quorate-lab-$slot-$host"; done; }
mapfile -t groups < <(freezers "$@")
thaw() { local group; for group in "${groups[@]}"; do echo THAWED >"$group/freezer.state"; done; }
trap thaw EXIT
for group in "${groups[@]}"; do echo FROZEN >"$group/freezer.state"; done
deadline=$((SECONDS + 20))
for group in "${groups[@]}"; do
  until [ "$(cat "$group/freezer.state")" = FROZEN ]; do
    if [ $SECONDS -ge $deadline ]; then echo "$group does not freeze" >&2; exit 1; fi
  done
done
for host in "$@"; do
  kept=$machines/snapshot/$host
  rm -rf "$kept"
  mkdir -p "$kept/mounts"
  cp -a "$machines/$host/disk" "$kept/disk"
  if [ -d "$machines/$host/mounts/var-lib-kubelet" ]; then
    cp -a "$machines/$host/mounts/var-lib-kubelet" "$kept/mounts/var-lib-kubelet"
    rm -rf "$kept"/mounts/var-lib-kubelet/pods "$kept"/disk/var/log/{pods,containers}/* "$kept"/disk/var/lib/cni/networks
  fi
done
