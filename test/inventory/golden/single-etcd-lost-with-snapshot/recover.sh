#!/bin/sh
# Recovery: quorum lost, quorate restores one etcd member and the playbook joins the others.
# Read PROOF.md beside this file first. Work that the playbook leaves out is in prepare.yml, which runs before it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${KUBESPRAY_DIR:-.}"

# Run twice, it would take a half recovered cluster for the broken one that this inventory was proven for.
if [ -e "$here/started" ]; then
  echo "recover.sh was started before ($(cat "$here/started")). The cluster has changed since: derive a new inventory with quorate inventory." >&2
  exit 1
fi

# kubespray v2.28.1 needs ansible-core from 2.16.4 to below 2.17.0.
version=$(ansible-playbook --version | sed -n '1s/^ansible-playbook [^0-9]*\([0-9][0-9.]*\).*/\1/p')
if ! printf '%s\n' 2.16.4 "$version" | sort -V -C || ! printf '%s\n' "$version" 2.17.0 | sort -V -C || [ "$version" = 2.17.0 ]; then
  echo "ansible-playbook is version ${version:-unknown}. kubespray v2.28.1 needs ansible-core from 2.16.4 to below 2.17.0." >&2
  exit 1
fi

if [ ! -s /backup/etcd.db ]; then
  echo "the etcd snapshot is missing or empty on this machine:" /backup/etcd.db >&2
  exit 1
fi

umask 077
ansible-playbook -b -i recovery/hosts.ini -e @recovery/recovery-vars.yml "$here/prepare.yml"
date -u +%Y-%m-%dT%H:%M:%SZ > "$here/started"
ansible-playbook -b -i recovery/hosts.ini -e @recovery/recovery-vars.yml recover-control-plane.yml --limit etcd,kube_control_plane
