#!/bin/bash
# disk.sh MACHINES HOST SSH_KEY TREE...: writes the first disk of one host over this machine's own root: the given trees
# of files, three accounts, a host key of its own.
set -euo pipefail
machines=$1 host=$2 key=$3
shift 3

place=$machines/$host
mkdir -m 755 -p "$place/disk" "$place/work" "$place/root" "$place/mounts"
mount -t overlay overlay -o "lowerdir=$machines/layer:$machines/hidden:/,upperdir=$place/disk,workdir=$place/work" "$place/root"
trap 'cd / && umount "$place/root"' EXIT
cd "$place/root"
mkdir -m 700 root
mkdir -m 755 home etc/ssh etc/systemd/system etc/sudoers.d var/log var/lib/systemd
for tree in "$@"; do cp -r --no-preserve=all --preserve=mode "$tree/." .; done
chmod 700 root
chmod 440 etc/sudoers.d/*

# What a host has no use for, what would touch the machine's kernel, and what waits for hardware.
for unit in getty.target systemd-logind.service systemd-udevd.service systemd-udev-trigger.service udev.service \
  systemd-modules-load.service systemd-sysctl.service systemd-timesyncd.service systemd-random-seed.service \
  systemd-binfmt.service proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount sys-kernel-tracing.mount \
  sys-kernel-config.mount sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount \
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-update-utmp.service networking.service; do
  ln -s /dev/null "etc/systemd/system/$unit"
done
mkdir -p etc/systemd/system/multi-user.target.wants
for unit in ssh.service $(cat etc/lab-units 2>/dev/null || true); do
  for folder in etc lib; do
    if [ -e "$folder/systemd/system/$unit" ]; then
      ln -s "/$folder/systemd/system/$unit" "etc/systemd/system/multi-user.target.wants/$unit"
      break
    fi
  done
done

echo "$host" >etc/hostname
tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
: >etc/fstab
: >etc/resolv.conf
ssh-keygen -q -t ed25519 -N '' -C "root@$host" -f etc/ssh/ssh_host_ed25519_key

# An asterisk, not an exclamation mark: sshd without PAM takes that for a locked account.
account() {
  local name=$1 id=$2 home=$3 shell=$4
  sed -i "/^$name:/d" etc/passwd etc/group etc/shadow
  echo "$name:x:$id:$id::$home:$shell" >>etc/passwd
  echo "$name:x:$id:" >>etc/group
  echo "$name:*:19000:0:99999:7:::" >>etc/shadow
}
authorize() {
  mkdir -m 700 -p "$1/.ssh"
  cp "$key" "$1/.ssh/authorized_keys"
  chmod 600 "$1/.ssh/authorized_keys"
  chown -R "$2:$2" "$1"
}
sed -i 's/^root:[^:]*:/root:*:/' etc/shadow
account ops 2001 /home/ops /bin/bash
account nosudo 2002 /home/nosudo /bin/bash
account vcap 2000 /home/vcap /bin/bash
authorize root 0
authorize home/ops 2001
authorize home/nosudo 2002
mkdir home/vcap
chown 2000:2000 home/vcap
