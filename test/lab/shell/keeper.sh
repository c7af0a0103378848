#!/bin/bash
# keeper.sh SLOT DIRECTORY SUBNET: owns one lab from its opening to its end. Runs in a mount namespace of its own, so
# that the disks and the named network namespaces of the hosts vanish with it, and for as long as its stdin is open;
# when that closes (the lab was closed, or the process that opened it was killed) it removes all that the lab made.
# Prints "ready" once; exit code 75 when another lab has the slot, 76 when the subnet is in use on this machine.
set -euo pipefail
slot=$1 directory=$2 subnet=$3
bridge=qlab$slot
source "$(dirname "$0")/cgroups.sh"

exec 9>"/run/lock/quorate-lab-$slot.lock"
flock --nonblock 9 || exit 75

remove_everything() {
  end_groups "$slot-*" || true
  local port
  for port in $(ip -o link show | grep -oE "\bq${slot}-[0-9a-z-]+" | sort -u); do ip link del "$port" 2>/dev/null || true; done
  ip link del "$bridge" 2>/dev/null || true
  umount --recursive "$directory/machines" 2>/dev/null || true
  rm -rf --one-file-system "$directory"
}

remove_everything # what a lab left that was killed together with its keeper
if ip -o -4 route show root "$subnet.0/24" | grep -q . || ip -o -4 addr show | grep -qF " $subnet."; then exit 76; fi

mkdir -m 755 -p "$directory/machines"
mount -t tmpfs -o mode=755 lab-disks "$directory/machines"
mkdir -p /run/netns
mount -t tmpfs -o mode=755 lab-netns /run/netns
# The machine's end of the lab's only network. It leads nowhere: nothing is forwarded from it, it has no other port.
ip link add "$bridge" type bridge
echo 0 >"/proc/sys/net/ipv4/conf/$bridge/forwarding"
echo 1 >"/proc/sys/net/ipv6/conf/$bridge/disable_ipv6"
ip addr add "$subnet.1/24" dev "$bridge"
ip link set "$bridge" up

trap remove_everything EXIT
echo ready
while read -r _; do :; done
